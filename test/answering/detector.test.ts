import { assert, describe, it } from "@effect/vitest"
import { AnsweringDetector, type Finding } from "../../src/answering/detector.ts"
import {
  beepSearchMs,
  frameSamples,
  greetingMs,
  initialSilenceMs,
  totalMs,
  turnMs
} from "../../src/answering/thresholds.ts"
import { greeting } from "./support/labelled.ts"
import { amplified, framesOf, joined, mixed, quiet, rumble, type Signal, tone, whiteNoise } from "./support/signals.ts"

const findings = (...parts: ReadonlyArray<Signal>) => {
  const found: Array<Finding> = []
  const detector = new AnsweringDetector((finding) => void found.push(finding))
  for (const frame of framesOf(joined(...parts))) detector.frame(frame)
  return { found, detector }
}
const verdict = (...parts: ReadonlyArray<Signal>) => {
  const [first] = findings(...parts).found
  return first?._tag === "Verdict" ? `${first.result}: ${first.reason}` : undefined
}
/** When the beep after a long greeting was found to end, beside when it ended, ms. */
const beepAt = (beep: Signal, after = quiet(1000), before = quiet(600), over = quiet(0)) => {
  const spoken = joined(quiet(300), greeting("machine-reached"), before, beep)
  const signal = joined(spoken, after)
  const { found } = findings(mixed(signal, joined(over, quiet(signal.length / 8))))
  assert.deepInclude(found[0], { _tag: "Verdict", result: "machine" })
  const last = found.at(-1)
  return last?._tag === "Beep" ? last.atMs - spoken.length / 8 : undefined
}

describe("who answered", () => {
  it("is a person where something short is followed by silence, as soon as that is long enough", () => {
    const { found } = findings(quiet(500), greeting("human-hello-slt"), quiet(2000))
    assert.lengthOf(found, 1)
    const spokenUntil = 500 + greeting("human-hello-slt").length / 8
    assert.deepInclude(found[0], { _tag: "Verdict", result: "human", reason: "short_greeting" })
    assert.closeTo(found[0]?.atMs ?? 0, spokenUntil + turnMs, 150)
  })

  it("is a machine where somebody goes on speaking, before the end of what is said", () => {
    const { found } = findings(quiet(500), greeting("machine-reached"), quiet(100))
    assert.deepInclude(found[0], { result: "machine", reason: "long_greeting" })
    assert.closeTo(found[0]?.atMs ?? 0, 500 + greetingMs, 500)
  })

  it("is a machine where something short is followed by a beep at once", () => {
    const spoken = joined(quiet(300), greeting("machine-short"), quiet(400), tone(1000, 400))
    const { found } = findings(spoken, quiet(2000))
    assert.deepInclude(found[0], { result: "machine", reason: "beep" })
    assert.strictEqual(found[1]?._tag, "Beep")
    assert.closeTo(found[1]?.atMs ?? 0, spoken.length / 8, 40)
    assert.lengthOf(found, 2)
  })

  it("is unknown where nobody speaks, whatever the line's noise", () => {
    for (const line of [quiet(6000), whiteNoise(6000, -45), whiteNoise(6000, -60), rumble(6000, -30)]) {
      const { found } = findings(line)
      assert.deepStrictEqual(found, [{ _tag: "Verdict", result: "unknown", reason: "silence", atMs: initialSilenceMs }])
    }
  })

  it("does not take clicks for speech", () => {
    const click = joined(whiteNoise(15, -10), quiet(585))
    assert.strictEqual(verdict(...Array.from({ length: 12 }, () => click)), "unknown: silence")
  })

  it("is not a machine because of one tone, or of a network's tones", () => {
    assert.strictEqual(verdict(quiet(300), tone(425, 1000), quiet(5000)), "unknown: silence")
    assert.strictEqual(
      verdict(quiet(200), tone(440, 400), quiet(400), greeting("human-anna"), quiet(2000)),
      "human: short_greeting"
    )
    const sit = joined(tone(950, 330), tone(1400, 330), tone(1777, 330))
    assert.strictEqual(verdict(quiet(300), sit, quiet(300), greeting("machine-number")), "unknown: network_tone")
  })

  it("is given up when what is said is neither short nor long in time", () => {
    const word = joined(greeting("human-smith"), quiet(500))
    const halting = joined(quiet(3900), word, word, word, word, word, word)
    const { found } = findings(halting)
    assert.deepStrictEqual(found, [{ _tag: "Verdict", result: "unknown", reason: "undecided", atMs: totalMs }])
  })

  it("is the same for a loud and a soft voice", () => {
    for (const db of [12, 0, -12, -20]) {
      assert.strictEqual(
        verdict(quiet(300), amplified(greeting("human-peter"), db), quiet(2000)),
        "human: short_greeting"
      )
      assert.strictEqual(verdict(quiet(300), amplified(greeting("machine-reached"), db)), "machine: long_greeting")
    }
  })
})

describe("the beep", () => {
  it("is found at every frequency from 300 to 2000 Hz, from 120 ms on, and told with its end", () => {
    for (let hz = 310; hz <= 1990; hz += 120)
      for (const ms of [120, 133, 900]) {
        const off = beepAt(tone(hz, ms))
        assert.isDefined(off, `${hz} Hz, ${ms} ms`)
        assert.closeTo(off ?? 0, 0, 40, `${hz} Hz, ${ms} ms`)
      }
  })

  it("is found in noise", () => {
    for (const hz of [350, 1000, 1900])
      assert.isDefined(beepAt(tone(hz, 300, -20), quiet(1000), quiet(600), whiteNoise(9000, -36)), String(hz))
  })

  it("is not a click, a key, a tone outside, a tone that does not end, or one within speech", () => {
    const key = mixed(tone(770, 300), tone(1336, 300))
    assert.isUndefined(beepAt(tone(1000, 60)))
    assert.isUndefined(beepAt(key))
    assert.isUndefined(beepAt(tone(2400, 400)))
    assert.isUndefined(beepAt(tone(150, 400)))
    assert.isUndefined(beepAt(tone(1000, 4000)))
    assert.isUndefined(beepAt(tone(1000, 300), greeting("machine-sorry")))
    assert.isUndefined(beepAt(quiet(0), joined(greeting("machine-sorry"), greeting("machine-anna"), quiet(500))))
  })

  it("is told once, and not looked for after a person or for ever", () => {
    const beep = joined(tone(1000, 400), quiet(600))
    assert.lengthOf(findings(greeting("machine-reached"), quiet(500), beep, beep, beep).found, 2)
    assert.lengthOf(findings(quiet(300), greeting("human-yes"), quiet(2000), beep).found, 1)
    const late = findings(greeting("machine-reached"), quiet(beepSearchMs), beep)
    assert.lengthOf(late.found, 1)
    assert.isTrue(late.detector.isDone)
  })
})

describe("the work", () => {
  it("is small: a frame takes far less than a thousandth of its 20 ms", () => {
    const frames = framesOf(joined(quiet(300), greeting("machine-reached"), tone(1000, 200)))
    const run = () => {
      const detector = new AnsweringDetector(() => {})
      for (const frame of frames) detector.frame(frame)
    }
    for (let n = 0; n < 20; n++) run()
    const began = performance.now()
    for (let n = 0; n < 50; n++) run()
    const us = ((performance.now() - began) * 1000) / 50 / frames.length
    // 20 µs is a thousandth; a busy machine is given five times as much.
    assert.isBelow(us, 100)
    assert.strictEqual(frames[0]?.length, frameSamples)
  })
})
