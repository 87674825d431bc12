import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { transport } from "../../../src/providers/cloudonix/transport.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { ManualClock } from "../../transport/support/clock.ts"
import { FakeSocket } from "../../transport/support/rig.ts"
import { domain, token } from "./account.ts"

const start = (accountSid: string) =>
  JSON.stringify({
    event: "start",
    streamSid: "s-5d2c",
    start: { streamSid: "s-5d2c", callSid: "0f9c7a52-1d", session: token, accountSid }
  })

/** A stream that is open, on a clock that the test moves. */
const opened = Effect.fnUntraced(function* (accountSid = "acme", accountId = domain, providerCallId = token) {
  const clock = new ManualClock()
  const context = yield* Layer.build(Pacer.layerWith(clock))
  const socket = new FakeSocket()
  socket.text(start(accountSid))
  const opening = transport(socket, { callId: "run-42", providerCallId, accountId })
  return { clock, socket, opening: Effect.provideContext(opening, context) }
})

describe("the stream of a call", () => {
  it.effect("must name the call's session and the domain, in full or short", () =>
    Effect.gen(function* () {
      const closed = Effect.fnUntraced(function* (...of: Parameters<typeof opened>) {
        const { opening, socket } = yield* opened(...of)
        yield* Effect.exit(opening)
        return socket.closedWith?.[0]
      })
      assert.isUndefined(yield* closed("acme"))
      assert.isUndefined(yield* closed(domain))
      assert.strictEqual(yield* closed("other"), 4401)
      assert.strictEqual(yield* closed("acme", domain, "0f9c7a52-1d"), 4404)
      assert.isUndefined(yield* closed("voice", "voice.example.com"))
      assert.strictEqual(yield* closed("other.example.com", "voice.example.com"), 4401)
    }).pipe(Effect.scoped)
  )

  it.effect("sends packets of 160 bytes, at most 100 ms ahead, the last one filled up with silence", () =>
    Effect.gen(function* () {
      const { clock, opening, socket } = yield* opened()
      const { playUnsafe } = yield* opening
      playUnsafe(new Uint8Array(160 * 10 + 40).fill(0x21))
      assert.strictEqual(socket.sent.length, 5)
      clock.advance(400)
      const packets = socket.frames.map((packet) => {
        const message: { readonly media: { readonly payload: string } } = JSON.parse(Buffer.from(packet).toString())
        return Buffer.from(message.media.payload, "base64")
      })
      assert.strictEqual(packets.length, 11)
      assert.isTrue(packets.every((packet) => packet.length === 160))
      assert.deepStrictEqual(new Set(packets.at(-1)?.subarray(40)), new Set([0xff]))
    }).pipe(Effect.scoped)
  )

  it.effect("counts as heard by our own clock and 300 ms more: marks are not asked for", () =>
    Effect.gen(function* () {
      const { clock, opening, socket } = yield* opened()
      const { drained, playUnsafe } = yield* opening
      playUnsafe(new Uint8Array(160 * 10).fill(0x21))
      const waiting = yield* Effect.forkChild(drained, { startImmediately: true })
      clock.advance(400)
      yield* TestClock.adjust("250 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("50 millis")
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(socket.controls, [])
    }).pipe(Effect.scoped)
  )
})
