import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Metric, Queue, Random } from "effect"
import type { Transport } from "../../src/Transport.ts"
import {
  framesDropped,
  framesIn,
  framesMalformed,
  framesOut,
  openStreams,
  underruns
} from "../../src/transport/metrics.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { dial, loopback, type Peer, until } from "./support/loopback.ts"
import { start, stop } from "./support/protocol.ts"
import { call, FakeSocket, frame, rig, speech } from "./support/rig.ts"

const calls = 500

/** The ways in which a call's media can end. */
const ends: ReadonlyArray<(peer: Peer) => void> = [
  ({ ws }) => ws.terminate(),
  ({ ws }) => ws.close(),
  ({ ws }) => ws.close(4000, "bye"),
  ({ ws }) => ws.send(stop),
  ({ ws }) => ws.send(new Uint8Array(100_000)),
  ({ ws }) => ws.send(JSON.stringify({ e: "digit", digit: "interrupt" })),
  ({ ws }) => ws.send(JSON.stringify({ e: "digit", digit: "die" })),
  ({ ws }) => ws.send(JSON.stringify({ e: "defect" })),
  ({ ws }) => {
    for (let i = 0; i <= 100; i++) ws.send("{")
  }
]

const resources = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name.startsWith("TCP"))

/** A call that plays, waits, echoes, and does as a digit tells it. */
const speak = (transport: Transport) => {
  transport.playUnsafe(speech(300))
  const order = Deferred.makeUnsafe<void>()
  const reader = transport.receive((event) => {
    if (event._tag === "Audio") transport.playUnsafe(event.chunk)
    if (event._tag !== "Digit") return
    Deferred.doneUnsafe(order, event.digit === "die" ? Effect.die("ordered") : Effect.interrupt)
  })
  const waiter = Effect.forever(Effect.andThen(transport.mark("m"), transport.drained))
  const filler = transport.play(speech(4000))
  return Effect.raceAllFirst([
    reader,
    Deferred.await(order),
    Effect.andThen(waiter, Effect.never),
    Effect.andThen(filler, Effect.never)
  ])
}

describe("after their end", () => {
  it.live(`${calls} transports killed at random points leave nothing behind`, () =>
    Effect.gen(function* () {
      const pacer = yield* Pacer
      const before = resources().length
      const raw = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* loopback({ handler: speak, handshakeTimeout: "300 millis" })
          const one = Effect.fnUntraced(function* (index: number) {
            const peer = yield* dial(server.url)
            const steps = yield* Random.nextIntBetween(0, 12)
            if (steps > 0) peer.ws.send(start())
            for (let step = 1; step < steps; step++) {
              peer.ws.send(frame(step))
              if (step % 4 === 0) yield* Effect.yieldNow
            }
            ends[index % ends.length]?.(peer)
            yield* peer.closed
            yield* Queue.take(server.exits)
          }, Effect.scoped)
          const indexes = Array.from({ length: calls - 20 }, (_, i) => i)
          yield* Effect.forEach(indexes, one, { concurrency: 50, discard: true })
          // The last ones live until the server's own scope ends: shutdown interrupts them.
          for (let i = 0; i < 20; i++) (yield* dial(server.url)).ws.send(start())
          yield* until(() => pacer.counts().awake === 20)
          return server.raw
        })
      )
      assert.strictEqual(raw.length, calls)
      assert.deepStrictEqual(pacer.counts(), { ...pacer.counts(), registered: 0, awake: 0, timers: 0 })
      assert.strictEqual((yield* Metric.value(openStreams)).value, 0)
      yield* until(() => raw.every((socket) => socket.destroyed && socket.listenerCount("data") === 0))
      yield* until(() => resources().length <= before)
    }).pipe(Effect.provide(Pacer.layer))
  )
})

const value = (metric: Metric.Counter<number>) => Effect.map(Metric.value(metric), ({ count }) => count)

describe("the metrics", () => {
  it.effect("say what went in and out, was dropped, malformed or too late", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      assert.strictEqual((yield* Metric.value(openStreams)).value, 1)
      for (let i = 0; i < 110; i++) socket.audio(frame())
      socket.text("garbage")
      transport.playUnsafe(speech(5))
      clock.advance(300)
      transport.playUnsafe(speech(5))
      assert.strictEqual(yield* value(framesIn), 0)
      clock.advance(1000)
      assert.strictEqual(yield* value(framesIn), 112)
      assert.strictEqual(yield* value(framesDropped), 10)
      assert.strictEqual(yield* value(framesMalformed), 1)
      assert.strictEqual(yield* value(framesOut), 10)
      assert.strictEqual(yield* value(underruns), 1)
      yield* transport.close(1000, "")
      assert.strictEqual((yield* Metric.value(openStreams)).value, 0)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})

describe("digits", () => {
  it.effect("can be sent where the carrier's stream takes them, and only there", () =>
    Effect.gen(function* () {
      const without = yield* rig()
      assert.isUndefined(without.transport.sendDigits)
      const { socket, transport } = yield* rig({ digits: true })
      const { sendDigits } = transport
      if (sendDigits === undefined) return assert.fail("no digits")
      yield* sendDigits("12#")
      assert.deepStrictEqual(socket.sent, ['{"e":"digits","digits":"12#"}'])
      yield* transport.close(1000, "")
      yield* sendDigits("3")
      assert.strictEqual(socket.sent.length, 1)
      assert.strictEqual(call.providerCallId, transport.info.providerCallId)
      assert.isTrue(new FakeSocket().isOpen())
    })
  )
})
