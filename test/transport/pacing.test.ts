import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as fc from "fast-check"
import { frame, rig, speech } from "./support/rig.ts"

const counting = (from: number, count: number) => Array.from({ length: count }, (_, i) => (from + i) & 0xff)

/** Audio so quiet that its end needs no fading out, and without the byte that silence is made of. */
const murmur = (i: number) => 0xec + (i % 19)

describe("pacing", () => {
  it.effect("sends ten minutes as exactly 30,000 frames, always its lead ahead of the clock", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      const producer = yield* Effect.forkChild(
        Effect.forEach(counting(0, 600), (second) => transport.play(speech(50, second)), { discard: true }),
        { startImmediately: true }
      )
      for (let second = 0; second < 600; second++) {
        assert.strictEqual(socket.sent.length, Math.min(30_000, second * 50 + 10), `after ${second} s`)
        clock.advance(1000)
        yield* Effect.yieldNow
      }
      yield* Fiber.join(producer)
      assert.strictEqual(socket.sent.length, 30_000)
      clock.advance(5000)
      assert.strictEqual(socket.sent.length, 30_000)
    })
  )

  it.effect("sends no audio while the carrier asks us to wait, all of it afterwards, and a clear at any time", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig({ leadFrames: 2 })
      socket.text(`{"e":"wait"}`)
      transport.playUnsafe(speech(5, 1))
      clock.advance(10_000)
      assert.deepStrictEqual(socket.values, [])
      socket.text(`{"e":"go"}`)
      clock.advance(1000)
      assert.deepStrictEqual(socket.values, [1, 2, 3, 4, 5])
      socket.text(`{"e":"wait"}`)
      transport.playUnsafe(speech(5, 1))
      yield* transport.clear
      assert.deepStrictEqual(socket.controls, [`{"e":"clear"}`])
      assert.isUndefined(socket.closedWith)
    })
  )

  it.effect("sends the first frame at once, and each following one when it is within the lead", () =>
    Effect.gen(function* () {
      const { clock, pacer, socket, transport } = yield* rig({ leadFrames: 3 })
      transport.playUnsafe(frame(1))
      assert.deepStrictEqual(socket.values, [1])
      assert.strictEqual(pacer.counts().awake, 0)
      transport.playUnsafe(frame(2))
      transport.playUnsafe(frame(3))
      transport.playUnsafe(frame(4))
      assert.deepStrictEqual(socket.values, [1, 2, 3])
      assert.strictEqual(pacer.counts().awake, 1)
      clock.advance(19)
      assert.strictEqual(socket.frames.length, 3)
      clock.advance(1)
      assert.deepStrictEqual(socket.values, [1, 2, 3, 4])
      assert.strictEqual(pacer.counts().awake, 0)
    })
  )

  it.effect("catches up after a stall of 300 ms, in order and without loss", () =>
    Effect.gen(function* () {
      const { clock, pacer, socket, transport } = yield* rig()
      transport.playUnsafe(speech(200))
      clock.advance(1000)
      assert.strictEqual(socket.frames.length, 60)
      clock.stall(300)
      assert.strictEqual(socket.frames.length, 75)
      clock.advance(5000)
      assert.deepStrictEqual(socket.values, counting(0, 200))
      assert.strictEqual(pacer.counts().lateTicks, 1)
    })
  )

  it.effect("sends a long backlog in bursts of at most 25 frames", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      transport.playUnsafe(speech(200))
      clock.stall(1500)
      assert.strictEqual(socket.frames.length, 10 + 25)
      clock.advance(10)
      assert.strictEqual(socket.frames.length, 10 + 50)
      clock.advance(5000)
      assert.deepStrictEqual(socket.values, counting(0, 200))
    })
  )

  it.effect("begins a new schedule after silence, not a backlog", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      transport.playUnsafe(speech(20))
      clock.advance(60_000)
      transport.playUnsafe(speech(40, 20))
      assert.strictEqual(socket.frames.length, 20 + 10)
      clock.advance(200)
      assert.strictEqual(socket.frames.length, 20 + 20)
    })
  )

  it.effect("passes a caller's own audio on at once, with nothing waiting", () =>
    Effect.gen(function* () {
      const { clock, pacer, socket, transport } = yield* rig()
      for (let i = 0; i < 500; i++) {
        transport.playUnsafe(frame(i & 0xff))
        assert.strictEqual(socket.sent.length, i + 1)
        clock.advance(20 + (i % 3) - 1)
      }
      assert.strictEqual(pacer.counts().awake, 0)
    })
  )

  it.effect("fills up the rest of a frame only when the line is about to run dry", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      transport.playUnsafe(speech(5))
      transport.playUnsafe(new Uint8Array(100).fill(7))
      clock.advance(50)
      assert.strictEqual(socket.frames.length, 5)
      transport.playUnsafe(new Uint8Array(100).fill(7))
      assert.strictEqual(socket.frames.length, 6)
      assert.deepStrictEqual(socket.frames[5], frame(7))
      clock.advance(70)
      assert.strictEqual(socket.frames.length, 7)
      const last = socket.frames[6]
      assert.strictEqual(last?.length, 160)
      assert.deepStrictEqual(last?.subarray(40), new Uint8Array(120).fill(0xff))
    })
  )

  it.effect("waits 40 ms for the rest of a frame, however dry the line is", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      clock.advance(5000)
      transport.playUnsafe(new Uint8Array(100).fill(7))
      clock.advance(30)
      transport.playUnsafe(new Uint8Array(10).fill(7))
      clock.advance(30)
      assert.deepStrictEqual(socket.frames, [])
      transport.playUnsafe(new Uint8Array(50).fill(7))
      assert.deepStrictEqual(socket.frames, [frame(7)])
      transport.playUnsafe(new Uint8Array(50).fill(7))
      clock.advance(50)
      assert.strictEqual(socket.frames.length, 2)
    })
  )

  it.effect("takes 60 s and no more, and tells when there is room again", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      assert.isFalse(transport.playUnsafe(speech(3001)))
      assert.isTrue(transport.playUnsafe(speech(3000)))
      assert.isTrue(transport.playUnsafe(speech(10)))
      assert.isFalse(transport.playUnsafe(frame()))
      let calls = 0
      transport.onRoom(() => calls++)
      clock.advance(29_000)
      assert.strictEqual(calls, 0)
      clock.advance(2000)
      assert.strictEqual(calls, 1)
      const whole = yield* Effect.forkChild(transport.play(speech(4000)), { startImmediately: true })
      for (let i = 0; i < 120; i++) {
        clock.advance(1000)
        yield* Effect.yieldNow
      }
      yield* Fiber.join(whole)
      assert.strictEqual(socket.frames.length, 7010)
    })
  )

  it.effect("an interrupted play forgets that it waited", () =>
    Effect.gen(function* () {
      const { clock, pacer, transport } = yield* rig()
      transport.playUnsafe(speech(3000))
      const waiting = yield* Effect.forkChild(transport.play(speech(50)), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      clock.advance(120_000)
      assert.strictEqual(pacer.counts().awake, 0)
      const { sentMs } = yield* transport.playout
      assert.strictEqual(sentMs, 60_000)
    })
  )

  it.effect("holds back while the peer does not read, and gives up after five seconds", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      const ended = yield* Effect.forkChild(Effect.flip(transport.receive(() => {})), { startImmediately: true })
      transport.playUnsafe(speech(500))
      clock.advance(100)
      const before = socket.frames.length
      socket.buffered = 8001
      clock.advance(4000)
      assert.strictEqual(socket.frames.length, before)
      socket.buffered = 8000
      clock.advance(10)
      assert.strictEqual(socket.frames.length, before + 25)
      socket.buffered = 8001
      clock.advance(5100)
      const error = yield* Fiber.join(ended)
      assert.strictEqual(error.reason, "stalled")
      assert.deepStrictEqual(socket.closedWith, [1008, "stalled"])
    })
  )

  const step = fc.oneof(
    fc.record({ play: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constantFrom(160, 80)) }),
    fc.record({ wait: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ stall: fc.integer({ min: 1, max: 700 }) })
  )

  it.effect("loses, repeats and reorders nothing, whatever the sizes and the timing", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) =>
          Effect.gen(function* () {
            const { clock, socket, transport } = yield* rig()
            const played: Array<number> = []
            for (const each of steps) {
              if ("play" in each) {
                const audio = Uint8Array.from({ length: each.play }, (_, i) => murmur(played.length + i))
                assert.isTrue(transport.playUnsafe(audio))
                played.push(...audio)
              } else if ("wait" in each) clock.advance(each.wait)
              else clock.stall(each.stall)
              const { queuedMs, sentMs, heardMs } = yield* transport.playout
              assert.isTrue(heardMs >= 0 && heardMs <= sentMs && sentMs <= queuedMs)
              assert.isTrue(socket.frames.every((sent) => sent.length === 160))
            }
            clock.advance(200_000)
            const heard = socket.frames.flatMap((sent) => Array.from(sent).filter((byte) => byte !== 0xff))
            assert.deepStrictEqual(heard, played)
          }).pipe(Effect.scoped, Effect.runPromise)
        ),
        { numRuns: 60 }
      )
    )
  )
})
