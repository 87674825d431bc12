import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { Pacer } from "../../src/transport/pacer.ts"
import { ManualClock } from "./support/clock.ts"
import { dial, loopback, until } from "./support/loopback.ts"
import { keeping, listen, live, reasonOf } from "./support/outcomes.ts"
import { mark, start } from "./support/protocol.ts"
import { frame, speech } from "./support/rig.ts"

describe("a bad peer", () => {
  it.live("may send some garbage, but not a hundred times in ten seconds", () =>
    Effect.gen(function* () {
      const kept = keeping()
      const { url, exits } = yield* loopback({ handler: kept.handler })
      const peer = yield* dial(url)
      peer.ws.send(start())
      const garbage = ["", "{", "null", '{"e":"start"}', '{"e":1}', "\u0000", '{"e":"unknown"}', "[[[["]
      for (let i = 0; i < 100; i++) peer.ws.send(garbage[i % garbage.length] ?? "")
      peer.ws.send(frame(3))
      yield* until(() => kept.events.length === 1)
      peer.ws.send("{")
      assert.deepStrictEqual(yield* peer.closed, [1008, "protocol-abuse"])
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["protocol-abuse", 1008])
    }).pipe(live)
  )

  it.live("that breaks WebSocket itself, or sends 1 MB at once, is closed with the standard's code", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({ handler: listen })
      const large = yield* dial(url)
      large.ws.send(start())
      large.ws.send(new Uint8Array(1024 * 1024))
      assert.strictEqual((yield* large.closed)[0], 1009)
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["protocol-abuse", 1009])
      const invalid = yield* dial(url)
      invalid.ws.send(start())
      invalid.ws.send(Buffer.from([0xff, 0xfe]), { binary: false })
      assert.strictEqual((yield* invalid.closed)[0], 1007)
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["protocol-abuse", 1007])
    }).pipe(live)
  )

  it.live("that floods is closed", () =>
    Effect.gen(function* () {
      const { url, exits } = yield* loopback({ handler: listen })
      const fast = yield* dial(url)
      fast.ws.send(start())
      for (let i = 0; i < 31; i++) fast.ws.send(speech(50))
      assert.deepStrictEqual(yield* fast.closed, [1008, "protocol-abuse"])
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["protocol-abuse", 1008])
      const many = yield* dial(url)
      many.ws.send(start())
      for (let i = 0; i < 5000; i++) many.ws.send(JSON.stringify({ e: "noise" }))
      assert.deepStrictEqual(yield* many.closed, [1008, "protocol-abuse"])
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["protocol-abuse", 1008])
    }).pipe(live)
  )

  const clock = new ManualClock()
  const manual = Effect.provide(Pacer.layerWith(clock))

  it.live("that answers no pings is cut off after two of them", () =>
    Effect.gen(function* () {
      const kept = keeping()
      const { url, exits } = yield* loopback({ handler: kept.handler, idleTimeout: "1 day" })
      const peer = yield* dial(url, { autoPong: false })
      let pings = 0
      peer.ws.on("ping", () => pings++)
      peer.ws.send(start())
      yield* until(() => kept.transports.length === 1)
      clock.advance(29_000)
      yield* until(() => pings === 2)
      assert.strictEqual(peer.ws.readyState, peer.ws.OPEN)
      clock.advance(3000)
      assert.strictEqual((yield* peer.closed)[0], 1006)
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["silent-peer", 1006])
    }).pipe(manual)
  )

  it.live("that sends nothing is cut off after the idle timeout; one that answers pings and speaks is not", () =>
    Effect.gen(function* () {
      const kept = keeping()
      const { url, exits } = yield* loopback({ handler: kept.handler })
      const speaking = yield* dial(url, { autoPong: false })
      speaking.ws.send(start())
      yield* until(() => kept.transports.length === 1)
      const silent = yield* dial(url)
      silent.ws.send(start())
      yield* until(() => kept.transports.length === 2)
      for (let heard = 0; heard < 6; heard++) {
        speaking.ws.send(mark("unknown"))
        speaking.ws.send(frame())
        yield* until(() => kept.events.length > heard)
        clock.advance(4000)
      }
      yield* Effect.yieldNow
      assert.strictEqual(silent.ws.readyState, silent.ws.OPEN)
      speaking.ws.send(frame())
      yield* until(() => kept.events.length === 7)
      clock.advance(9000)
      assert.strictEqual((yield* silent.closed)[0], 1006)
      assert.deepStrictEqual(reasonOf(yield* Queue.take(exits)), ["silent-peer", 1006])
      assert.strictEqual(speaking.ws.readyState, speaking.ws.OPEN)
    }).pipe(manual)
  )
})
