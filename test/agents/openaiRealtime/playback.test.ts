import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { makePlayback } from "../../../src/agents/openaiRealtime/playback.ts"
import { heardWords, makeTranscripts, type Saying } from "../../../src/agents/openaiRealtime/transcripts.ts"

const filled = (...pieces: ReadonlyArray<readonly [string, number]>) => {
  const playback = makePlayback()
  for (const [item, ms] of pieces) playback.add(item, 0, ms)
  return playback
}
const cutsOf = (playback: ReturnType<typeof makePlayback>, unheardMs: number) =>
  playback.cut(unheardMs).map(({ audioMs, heardMs, itemId }) => [itemId, heardMs, audioMs])

describe("the playback of a model's speech", () => {
  it("knows how much of each item was heard", () => {
    assert.deepStrictEqual(cutsOf(filled(["a", 400], ["a", 400], ["b", 1000]), 0), [])
    assert.deepStrictEqual(cutsOf(filled(["a", 400], ["a", 400], ["b", 1000]), 300), [["b", 700, 1000]])
    assert.deepStrictEqual(cutsOf(filled(["a", 400], ["a", 400], ["b", 1000]), 1300), [
      ["a", 500, 800],
      ["b", 0, 1000]
    ])
    assert.deepStrictEqual(cutsOf(filled(["a", 400]), 9000), [["a", 0, 400]])
  })

  it("forgets what was heard to its end, and what was cut", () => {
    const playback = filled(["a", 400], ["b", 400], ["c", 400])
    playback.heard("b")
    playback.heard("unknown")
    assert.deepStrictEqual(cutsOf(playback, 900), [["c", 0, 400]])
    assert.isTrue(playback.isEmpty())
  })

  it("accounts for every ms, wherever the cut falls", () => {
    const pieces = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 900 })), {
      maxLength: 60
    })
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 60_000 }), (said, unheard) => {
        const total = said.reduce((sum, [, ms]) => sum + ms, 0)
        const cuts = filled(...said).cut(unheard)
        const lost = cuts.reduce((sum, { audioMs, heardMs }) => sum + audioMs - heardMs, 0)
        assert.strictEqual(lost, Math.min(unheard, total))
        assert.isTrue(cuts.every(({ audioMs, heardMs }) => heardMs >= 0 && heardMs < audioMs))
        assert.isTrue(cuts.slice(1).every(({ heardMs }) => heardMs === 0))
      })
    )
  })

  it("is bounded", () => {
    const playback = makePlayback()
    for (let n = 0; n < 1000; n++) playback.add(`item ${n}`, 0, 1)
    assert.isAtMost(playback.cut(5000).length, 256)
  })
})

const transcripts = () => {
  const said: Array<Saying> = []
  return { said, ...makeTranscripts((saying) => said.push(saying)) }
}

describe("what an agent said", () => {
  const cut = { itemId: "a", contentIndex: 0, heardMs: 500, audioMs: 1000 }

  it("is told once its words and what was heard of them are known, in either order", () => {
    const one = transcripts()
    one.text("a", "Hello.")
    assert.deepStrictEqual(one.said, [])
    one.heard("a")
    one.heard("b")
    one.text("b", "Bye.")
    one.text("c", "  ")
    one.heard("c")
    assert.deepStrictEqual(one.said, [{ text: "Hello." }, { text: "Bye." }])

    const other = transcripts()
    other.cut(cut)
    other.text("a", "Hello there.")
    assert.deepStrictEqual(other.said, [{ text: "Hello there.", cut }])
  })

  it("is told when the session ends in the middle of it", () => {
    const { close, cut: cutOff, more, said } = transcripts()
    more("a", "Hello ")
    more("a", "there.")
    cutOff(cut)
    more("b", "And")
    close()
    assert.deepStrictEqual(said, [{ text: "Hello there.", cut }, { text: "And" }])
  })

  it("is remembered as far as it was heard, to a whole word", () => {
    const text = "one two three four"
    assert.strictEqual(heardWords({ text }), text)
    assert.strictEqual(heardWords({ text, cut }), "one two …")
    assert.strictEqual(heardWords({ text, cut: { ...cut, heardMs: 0 } }), "")
    assert.strictEqual(heardWords({ text, cut: { ...cut, heardMs: 0, audioMs: 0 } }), "")
    assert.strictEqual(heardWords({ text, cut: { ...cut, heardMs: 1000 } }), text)
  })

  it("is bounded", () => {
    const { close, more, said } = transcripts()
    for (let n = 0; n < 1000; n++) more(`item ${n}`, "word")
    for (let n = 0; n < 10_000; n++) more("item 999", "word")
    close()
    assert.isAtMost(said.length, 256)
    assert.isAtMost(said.at(-1)?.text.length ?? 0, 8_004)
  })
})
