import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Transport } from "../../src/Transport.ts"
import { mark, stop } from "./support/protocol.ts"
import { frame, reading, rig, speech } from "./support/rig.ts"

const reader = (transport: Transport) => reading(transport.receive)

describe("the ledger", () => {
  it.effect("tells queued, sent and heard apart", () =>
    Effect.gen(function* () {
      const { clock, transport } = yield* rig()
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 0, sentMs: 0, heardMs: 0 })
      transport.playUnsafe(speech(50))
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 1000, sentMs: 200, heardMs: 0 })
      clock.advance(300)
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 1000, sentMs: 500, heardMs: 300 })
      clock.advance(2000)
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 1000, sentMs: 1000, heardMs: 1000 })
    })
  )

  it.effect("counts a short gap as part of the utterance and as an under-run, a long one as its end", () =>
    Effect.gen(function* () {
      const { clock, transport } = yield* rig()
      transport.playUnsafe(speech(5))
      clock.advance(300)
      transport.playUnsafe(speech(5))
      clock.advance(40)
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 200, sentMs: 200, heardMs: 140 })
      clock.advance(500)
      transport.playUnsafe(speech(5))
      clock.advance(40)
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 300, sentMs: 300, heardMs: 240 })
      clock.advance(1000)
      transport.playUnsafe(speech(5))
      clock.advance(40)
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 100, sentMs: 100, heardMs: 40 })
    })
  )

  it.effect("is put right by the carrier's marks", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      const { events } = yield* reader(transport)
      transport.playUnsafe(speech(10))
      yield* transport.mark("half")
      transport.playUnsafe(speech(10))
      clock.advance(350)
      assert.strictEqual((yield* transport.playout).heardMs, 350)
      socket.text(mark("g0-0"))
      assert.deepStrictEqual(events, [{ _tag: "Mark", name: "half", heardMs: 200, cleared: false }])
      assert.strictEqual((yield* transport.playout).heardMs, 200)
      clock.advance(50)
      assert.strictEqual((yield* transport.playout).heardMs, 250)
      clock.advance(500)
      assert.strictEqual((yield* transport.playout).heardMs, 400)
    })
  )

  it.effect("is not moved by a mark of an utterance that is over", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      transport.playUnsafe(speech(10))
      yield* transport.mark("late")
      transport.playUnsafe(frame())
      clock.advance(1000)
      transport.playUnsafe(speech(10))
      clock.advance(100)
      socket.text(mark("g0-0"))
      assert.strictEqual((yield* transport.playout).heardMs, 100)
    })
  )

  it.effect("stands still when the media ends", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      transport.playUnsafe(speech(50))
      clock.advance(300)
      socket.text(stop)
      clock.advance(300)
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 1000, sentMs: 500, heardMs: 300 })
      assert.deepStrictEqual(yield* transport.clear, { heardMs: 300, droppedMs: 700 })
      assert.isTrue(transport.playUnsafe(frame()))
      clock.advance(3000)
      assert.strictEqual(socket.sent.length, 25)
    })
  )
})

describe("clear", () => {
  it.effect("silences the phone in the same turn, and nothing of the old speech follows", () =>
    Effect.gen(function* () {
      const { clock, pacer, socket, transport } = yield* rig()
      transport.playUnsafe(speech(100, 0))
      transport.playUnsafe(new Uint8Array(80))
      clock.advance(500)
      const sent = socket.sent.length
      const cleared = yield* transport.clear
      assert.deepStrictEqual(cleared, { heardMs: 500, droppedMs: 1510 })
      assert.deepStrictEqual(socket.sent.slice(sent), ['{"e":"clear"}'])
      assert.deepStrictEqual(yield* transport.playout, { queuedMs: 0, sentMs: 0, heardMs: 0 })
      transport.playUnsafe(speech(30, 200))
      clock.advance(5000)
      assert.deepStrictEqual(
        socket.values.slice(sent),
        Array.from({ length: 30 }, (_, i) => 200 + i)
      )
      assert.strictEqual(pacer.counts().awake, 0)
    })
  )

  it.effect("is sent although all audio has left us", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      transport.playUnsafe(speech(8))
      clock.advance(60)
      assert.deepStrictEqual(yield* transport.clear, { heardMs: 60, droppedMs: 100 })
      assert.strictEqual(socket.sent.at(-1), '{"e":"clear"}')
    })
  )

  it.effect("answers outstanding marks as cleared, and ignores what the carrier then returns of them", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      const { events } = yield* reader(transport)
      transport.playUnsafe(speech(5))
      yield* transport.mark("a")
      transport.playUnsafe(speech(50))
      yield* transport.mark("b")
      yield* transport.clear
      assert.deepStrictEqual(events, [
        { _tag: "Mark", name: "a", heardMs: 100, cleared: true },
        { _tag: "Mark", name: "b", heardMs: 1100, cleared: true }
      ])
      transport.playUnsafe(speech(10))
      yield* transport.mark("c")
      clock.advance(100)
      socket.text(mark("g0-0"))
      socket.text(mark("g0-1"))
      assert.strictEqual(events.length, 2)
      assert.strictEqual((yield* transport.playout).heardMs, 100)
      assert.strictEqual(socket.sent.at(-1), mark("g1-2"))
      socket.text(mark("g1-2"))
      assert.deepStrictEqual(events[2], { _tag: "Mark", name: "c", heardMs: 200, cleared: false })
    })
  )

  it.effect("can be followed by new speech from the very listener that hears of it", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      yield* Effect.forkScoped(
        transport.receive((event) => {
          if (event._tag === "Mark") transport.playUnsafe(frame(9))
        }),
        { startImmediately: true }
      )
      transport.playUnsafe(speech(50))
      yield* transport.mark("a")
      yield* transport.clear
      assert.deepStrictEqual(socket.sent.slice(10), ['{"e":"clear"}', frame(9)])
    })
  )
})

describe("marks", () => {
  it.effect("go out right behind their audio", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig({ leadFrames: 2 })
      yield* transport.mark("at once")
      transport.playUnsafe(speech(3))
      yield* transport.mark("behind three")
      transport.playUnsafe(speech(1, 3))
      clock.advance(200)
      assert.deepStrictEqual(
        socket.sent.map((each) => (typeof each === "string" ? each : each[0])),
        [mark("g0-0"), 0, 1, 2, mark("g0-1"), 3]
      )
    })
  )

  it.effect("fill up the frame that they cut", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      transport.playUnsafe(new Uint8Array(200))
      yield* transport.mark("end")
      assert.deepStrictEqual(
        socket.sent.map((each) => each.length),
        [160, 160, mark("g0-0").length]
      )
    })
  )

  it.effect("that the carrier forgets are answered two seconds after their time", () =>
    Effect.gen(function* () {
      const { clock, pacer, socket, transport } = yield* rig()
      const { events } = yield* reader(transport)
      transport.playUnsafe(speech(10))
      yield* transport.mark("first")
      yield* transport.mark("second")
      clock.advance(1500)
      assert.deepStrictEqual(events, [])
      socket.text(mark("g0-1"))
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "Mark" ? [event.name, event.cleared] : [])),
        [
          ["first", false],
          ["second", false]
        ]
      )
      yield* transport.mark("third")
      clock.advance(2100)
      assert.strictEqual(events.length, 3)
      assert.strictEqual(pacer.counts().awake, 0)
    })
  )

  it.effect("are not heard of after the end of the media", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      const { events } = yield* reader(transport)
      transport.playUnsafe(speech(50))
      yield* transport.mark("never")
      socket.text(stop)
      yield* transport.mark("neither")
      assert.deepStrictEqual(events, [{ _tag: "Stopped" }])
    })
  )

  it.effect("are decided by time where the carrier has none", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig({ marks: false })
      const { events } = yield* reader(transport)
      transport.playUnsafe(speech(20))
      yield* transport.mark("end")
      clock.advance(390)
      assert.deepStrictEqual(events, [])
      clock.advance(20)
      assert.deepStrictEqual(events, [{ _tag: "Mark", name: "end", heardMs: 400, cleared: false }])
      assert.deepStrictEqual(socket.controls, [])
    })
  )
})
