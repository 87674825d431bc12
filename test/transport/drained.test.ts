import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Transport } from "../../src/Transport.ts"
import { mark, stop } from "./support/protocol.ts"
import { rig, speech } from "./support/rig.ts"

const draining = (transport: Transport) => Effect.forkScoped(transport.drained, { startImmediately: true })
const done = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() !== undefined

describe("drained", () => {
  it.effect("is at once when nothing was played", () =>
    Effect.gen(function* () {
      const { transport } = yield* rig()
      yield* transport.drained
    })
  )

  it.effect("waits for the carrier to say that the last word was played", () =>
    Effect.gen(function* () {
      const { clock, pacer, socket, transport } = yield* rig()
      transport.playUnsafe(speech(40))
      const drained = yield* draining(transport)
      clock.advance(1500)
      yield* Effect.yieldNow
      assert.isFalse(done(drained))
      assert.strictEqual(socket.sent.at(-1), mark("g0-0"))
      socket.text(mark("g0-0"))
      yield* Fiber.join(drained)
      clock.advance(20)
      assert.strictEqual(pacer.counts().awake, 0)
    })
  )

  it.effect("is bounded by the length of the audio plus two seconds", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      socket.buffered = 9000
      transport.playUnsafe(speech(40))
      socket.buffered = 1_000_000
      const drained = yield* draining(transport)
      clock.advance(2790)
      yield* Effect.yieldNow
      assert.isFalse(done(drained))
      clock.advance(20)
      yield* Fiber.join(drained)
    })
  )

  it.effect("goes by time where the carrier has no marks", () =>
    Effect.gen(function* () {
      const { clock, transport } = yield* rig({ marks: false })
      transport.playUnsafe(speech(40))
      const drained = yield* draining(transport)
      clock.advance(790)
      yield* Effect.yieldNow
      assert.isFalse(done(drained))
      clock.advance(20)
      yield* Fiber.join(drained)
    })
  )

  it.effect("ends with a clear, with the media, and is forgotten when interrupted", () =>
    Effect.gen(function* () {
      const { clock, pacer, socket, transport } = yield* rig()
      transport.playUnsafe(speech(40))
      const interrupted = yield* draining(transport)
      yield* Fiber.interrupt(interrupted)
      clock.advance(1000)
      assert.strictEqual(pacer.counts().awake, 0)
      const cleared = yield* draining(transport)
      yield* transport.clear
      yield* Fiber.join(cleared)
      transport.playUnsafe(speech(40))
      const ended = yield* draining(transport)
      socket.text(stop)
      yield* Fiber.join(ended)
      yield* transport.drained
    })
  )
})
