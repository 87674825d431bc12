import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { type Answerer, AnsweringDetector, type Finding } from "../../src/answering/detector.ts"
import { conditions, type Labelled, labelled } from "./support/labelled.ts"
import { framesOf } from "./support/signals.ts"

const guide = readFileSync(new URL("../../docs/answering-machine.md", import.meta.url), "utf8")

const answerers: ReadonlyArray<Answerer> = ["human", "machine", "unknown"]

const heard = (call: Labelled) => {
  const found: Array<Finding> = []
  const detector = new AnsweringDetector((finding) => void found.push(finding))
  for (const frame of framesOf(call.signal)) detector.frame(frame)
  const verdict = found.find((finding) => finding._tag === "Verdict")
  return { call, verdict, beep: found.find(({ _tag }) => _tag === "Beep") }
}

const results = labelled().map(heard)

const row = (who: Answerer, among = results) => {
  const calls = among.filter(({ call }) => call.who === who)
  return answerers.map((result) => calls.filter(({ verdict }) => verdict?.result === result).length)
}
const label: Readonly<Record<Answerer, string>> = { human: "a person", machine: "a machine", unknown: "neither" }
const table = answerers.map((who) => `| ${label[who]} | ${row(who).join(" | ")} |`)
const byCondition = conditions.map((condition) => {
  const among = results.filter(({ call }) => call.condition === condition)
  const right = answerers.map((who) => {
    const all = among.filter(({ call }) => call.who === who)
    return `${all.filter(({ verdict }) => verdict?.result === who).length} of ${all.length}`
  })
  return `| ${condition} | ${right.join(" | ")} |`
})
/** Wrong in every way it can be heard: what the guide says that it cannot tell. */
const alwaysWrong = Array.from(new Set(results.map(({ call }) => call.name))).filter((name) =>
  results.filter(({ call }) => call.name === name).every(({ call, verdict }) => verdict?.result !== call.who)
)

const said = (ms: number) => `${(ms / 1000).toFixed(1)} s`

describe("the labelled set", () => {
  it("is large enough, of several voices, in six ways to be heard", () => {
    for (const condition of conditions) {
      const among = results.filter(({ call }) => call.condition === condition)
      assert.isAtLeast(among.filter(({ call }) => call.who === "human").length, 12)
      assert.isAtLeast(among.filter(({ call }) => call.who === "machine").length, 12)
    }
  })

  it("is told apart as often as the guide says", () => {
    for (const line of [...table, ...byCondition]) assert.include(guide, line)
  })

  it("is told apart as often as it must be", () => {
    const share = (who: Answerer) => {
      const counts = row(who)
      return (counts[answerers.indexOf(who)] ?? 0) / counts.reduce((sum, count) => sum + count, 0)
    }
    assert.isAtLeast(share("human"), 0.92)
    assert.isAtLeast(share("machine"), 0.84)
    assert.deepStrictEqual(alwaysWrong, [
      "human-long",
      "machine-short",
      "machine-greeting, a pause of 1100 ms, machine-reached"
    ])
  })

  it("has every beep of a machine that was known found, with its end", () => {
    const machines = results.filter(({ call, verdict }) => call.who === "machine" && verdict?.result === "machine")
    for (const { beep, call } of machines) {
      const what = `${call.name}, ${call.condition}, ${call.beepHz} Hz`
      assert.isDefined(beep, what)
      assert.closeTo(beep?.atMs ?? 0, call.beepMs ?? 0, 60, what)
    }
    assert.include(guide, `${machines.length} of ${machines.length} beeps`)
  })

  it("is decided as fast as the guide says", () => {
    const times = (result: Answerer) => {
      const sorted = results
        .filter(({ verdict }) => verdict?.result === result)
        .map(({ verdict }) => verdict?.atMs ?? 0)
        .sort((a, b) => a - b)
      return sorted[Math.floor(sorted.length / 2)] ?? 0
    }
    assert.include(guide, `\`human\` after ${said(times("human"))}, \`machine\` after ${said(times("machine"))}`)
  })
})
