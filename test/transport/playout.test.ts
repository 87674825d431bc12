import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mulawToSample } from "../../src/audio/g711.ts"
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
      const [first, ...others] = socket.frames.slice(sent)
      assert.deepStrictEqual(first?.subarray(24), frame(200).subarray(24))
      assert.deepStrictEqual(
        others,
        Array.from({ length: 29 }, (_, i) => frame(201 + i))
      )
      assert.strictEqual(pacer.counts().awake, 0)
    })
  )

  it.effect("lets what comes next fade in over 3 ms, once, without touching the producer's bytes", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      const loud = 0x10
      transport.playUnsafe(frame(loud))
      assert.deepStrictEqual(socket.frames[0], frame(loud))
      for (const pieces of [[160], [10, 100, 50]]) {
        yield* transport.clear
        const before = socket.frames.length
        const given = pieces.map((size) => new Uint8Array(size).fill(loud))
        for (const piece of given) transport.playUnsafe(piece)
        transport.playUnsafe(frame(loud))
        assert.isTrue(given.every((piece) => piece.every((byte) => byte === loud)))
        const [faded, next] = socket.frames.slice(before)
        const samples = Array.from(faded ?? [], (byte) => Math.abs(mulawToSample[byte] ?? 0))
        assert.isBelow(samples[0] ?? 40_000, 1000)
        for (let i = 1; i < 24; i++) assert.isAtLeast(samples[i] ?? 0, samples[i - 1] ?? 0)
        assert.deepStrictEqual(faded?.subarray(24), frame(loud).subarray(24))
        assert.deepStrictEqual(next, frame(loud))
      }
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

  it.effect("may be as many as the frames that wait: only beyond that is one answered before its time", () =>
    Effect.gen(function* () {
      const { transport } = yield* rig()
      const { events } = yield* reader(transport)
      const frames = 3000
      for (let n = 0; n < frames; n++) {
        assert.isTrue(transport.playUnsafe(frame()))
        yield* transport.mark(String(n))
      }
      assert.deepStrictEqual(events, [])
      for (let n = frames; n <= 4000; n++) yield* transport.mark(String(n))
      assert.deepStrictEqual(
        events.map((event) => event._tag === "Mark" && event.name),
        ["4000"]
      )
    })
  )

  it.effect("can be followed by new speech from the very listener that hears of it", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      yield* Effect.forkScoped(
        transport.receive((event) => {
          if (event._tag === "Mark") transport.playUnsafe(frame(0xf9))
        }),
        { startImmediately: true }
      )
      transport.playUnsafe(speech(50))
      yield* transport.mark("a")
      yield* transport.clear
      assert.deepStrictEqual(socket.sent.slice(10), ['{"e":"clear"}', frame(0xf9)])
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

  it.effect("do not interrupt speech: what follows fills up the frame in which they stand", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      const { events } = yield* reader(transport)
      transport.playUnsafe(new Uint8Array(200).fill(3))
      yield* transport.mark("middle")
      transport.playUnsafe(new Uint8Array(100).fill(4))
      assert.deepStrictEqual(
        socket.sent.map((each) => each.length),
        [160]
      )
      transport.playUnsafe(new Uint8Array(180).fill(4))
      assert.deepStrictEqual(
        socket.sent.map((each) => each.length),
        [160, 160, mark("g0-0").length, 160]
      )
      assert.deepStrictEqual(Buffer.concat(socket.frames), Buffer.concat([Buffer.alloc(200, 3), Buffer.alloc(280, 4)]))
      clock.advance(20)
      socket.text(mark("g0-0"))
      assert.deepStrictEqual(events, [{ _tag: "Mark", name: "middle", heardMs: 25, cleared: false }])
    })
  )

  it.effect("at the end of speech fill up its last frame, before the line runs dry", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      transport.playUnsafe(new Uint8Array(200))
      yield* transport.mark("end")
      clock.advance(60)
      assert.deepStrictEqual(
        socket.sent.map((each) => each.length),
        [160, 160, mark("g0-0").length]
      )
      assert.deepStrictEqual(socket.frames[1]?.subarray(40), new Uint8Array(120).fill(0xff))
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
