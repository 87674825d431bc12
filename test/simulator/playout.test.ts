import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { makeMouth } from "../../src/simulator/Mouth.ts"
import { makePlayout } from "../../src/simulator/Playout.ts"

const format = { encoding: "mulaw", sampleRate: 8000 } as const
const bytes = (ms: number, value: number) => new Uint8Array(ms * 8).fill(value)
const playout = (jitterMs = 0) => makePlayout({ format, jitterMs, limitMs: 600_000 })

describe("the playout clock", () => {
  it("plays in order, with silence where nothing was queued", () => {
    const line = playout()
    line.play(bytes(20, 1), 100)
    line.play(bytes(20, 2), 105)
    line.play(bytes(20, 3), 200)
    const heard = line.heard(300)
    assert.deepStrictEqual(heard.spans, [
      { startMs: 100, endMs: 140 },
      { startMs: 200, endMs: 220 }
    ])
    assert.lengthOf(heard.timeline, 2400)
    assert.deepStrictEqual([...heard.timeline.subarray(958, 962)], [1, 1, 2, 2])
    assert.strictEqual(heard.timeline[1120], 0xff)
    assert.deepStrictEqual(heard.played, Buffer.concat([bytes(20, 1), bytes(20, 2), bytes(20, 3)]))
    assert.lengthOf(line.heard(110).played, 80)
  })

  it("waits for the jitter buffer on a silent line only", () => {
    const line = playout(60)
    line.play(bytes(20, 1), 0)
    line.play(bytes(20, 2), 75)
    assert.deepStrictEqual(line.heard(200).spans, [{ startMs: 60, endMs: 100 }])
    assert.strictEqual(line.waitingMs(80), 20)
  })

  it("returns marks when what came before was heard, at once on a silent line, all of them on clear", () => {
    const line = playout()
    line.mark("silent", 10)
    assert.deepStrictEqual(line.due(10), ["silent"])
    line.play(bytes(100, 1), 20)
    line.mark("a", 20)
    line.play(bytes(100, 2), 20)
    line.mark("b", 20)
    assert.deepStrictEqual(line.due(119), [])
    assert.deepStrictEqual(line.due(120), ["a"])
    assert.deepStrictEqual(line.clear(150), ["b"])
    assert.deepStrictEqual(line.due(999), [])
    assert.deepStrictEqual(line.heard(500).spans, [{ startMs: 20, endMs: 150 }])
    line.play(bytes(20, 3), 160)
    assert.deepStrictEqual(line.heard(500).spans.at(-1), { startMs: 160, endMs: 180 })
  })

  it("throws away what exceeds its limit", () => {
    const line = makePlayout({ format, jitterMs: 0, limitMs: 100 })
    assert.isTrue(line.play(bytes(100, 1), 0))
    assert.isFalse(line.play(bytes(1, 1), 0))
    assert.isTrue(line.play(bytes(10, 1), 10))
  })

  it("hears every byte once, whatever comes when, and never after a clear", () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 60 }),
      act: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.constant("clear" as const))
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const line = playout()
        let now = 0
        let queued = 0
        for (const { act, wait } of steps) {
          now += wait
          if (act === "clear") {
            line.clear(now)
            assert.strictEqual(line.waitingMs(now), 0)
            queued = line.heard(now).played.length
          } else {
            line.play(new Uint8Array(act).fill(queued & 0x7f), now)
            queued += act
          }
        }
        const { played, spans } = line.heard(now + 600_000)
        assert.strictEqual(played.length, queued)
        assert.isTrue(spans.every(({ startMs }, i) => i === 0 || startMs > (spans[i - 1]?.endMs ?? 0)))
      })
    )
  })
})

describe("the person's mouth", () => {
  it("says everything once, in whole frames, with silence around", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 5 }), (speeches) => {
        const mouth = makeMouth(format, 20)
        for (const speech of speeches) mouth.say(speech)
        const frames: Array<Uint8Array> = []
        while (mouth.speaking()) frames.push(mouth.next())
        assert.isTrue(frames.every((frame) => frame.length === 160))
        assert.isTrue(Buffer.concat(speeches).equals(mouth.said()))
        assert.deepStrictEqual(mouth.next(), new Uint8Array(160).fill(0xff))
      })
    )
  })
})
