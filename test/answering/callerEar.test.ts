import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { CallerEar } from "../../src/answering/callerEar.ts"
import type { Finding } from "../../src/answering/detector.ts"
import { beepSearchMs, totalMs } from "../../src/answering/thresholds.ts"
import { type AudioFormat, Encoding, msOf, SampleRate } from "../../src/Audio.ts"
import { converter } from "../../src/audio/converter.ts"
import { greeting } from "./support/labelled.ts"
import { joined, pcm, quiet, tone } from "./support/signals.ts"

const pcm8: AudioFormat = { encoding: "pcm_s16le", sampleRate: 8000 }
const formats = Encoding.literals.flatMap((encoding) =>
  SampleRate.literals
    .filter((sampleRate) => sampleRate === 8000 || encoding.startsWith("pcm"))
    .map((sampleRate): AudioFormat => ({ encoding, sampleRate }))
)

const machine = joined(quiet(300), greeting("machine-reached"), quiet(600), tone(1000, 400), quiet(1500))
const inFormat = (format: AudioFormat): Uint8Array => {
  const samples = pcm(machine)
  return converter(pcm8, format).convert(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
}

describe("a caller's audio", () => {
  it("is understood in every format, in chunks of any length", () => {
    for (const format of formats)
      for (const chunkBytes of [2, 1000, 100_000]) {
        const found: Array<Finding> = []
        const ear = new CallerEar(format, 0, (finding) => void found.push(finding))
        const audio = inFormat(format)
        for (let at = 0; at < audio.length; at += chunkBytes) {
          const chunk = audio.subarray(at, at + chunkBytes)
          ear.hear(chunk, msOf(format, at + chunk.length))
        }
        const what = JSON.stringify([format, chunkBytes])
        assert.deepInclude(found[0], { _tag: "Verdict", result: "machine" }, what)
        assert.strictEqual(found[1]?._tag, "Beep", what)
        assert.closeTo(found[1]?.atMs ?? 0, machine.length / 8 - 1500, 50, what)
        assert.isTrue(ear.isDone)
      }
  })

  it("is silent while the carrier sends nothing", () => {
    const found: Array<Finding> = []
    const ear = new CallerEar(pcm8, 1000, (finding) => void found.push(finding))
    const word = pcm(greeting("human-anna"))
    const bytes = new Uint8Array(word.buffer, word.byteOffset, word.byteLength)
    ear.hear(bytes, 1000 + msOf(pcm8, bytes.length))
    ear.wait(1000 + msOf(pcm8, bytes.length) + 400)
    assert.deepStrictEqual(found, [])
    ear.wait(5000)
    assert.deepInclude(found[0], { result: "human", reason: "short_greeting" })
  })

  it("ends without any", () => {
    const found: Array<Finding> = []
    const ear = new CallerEar(pcm8, 0, (finding) => void found.push(finding))
    for (let now = 0; now <= 10_000; now += 1000) ear.wait(now)
    assert.deepInclude(found[0], { result: "unknown", reason: "silence" })
    assert.isTrue(ear.isDone)
  })

  it("may be whatever it likes: at most one verdict in time, then one beep, never an exception", () => {
    const chunk = fc.record({
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 2000 }),
        fc
          .record({ fill: fc.integer({ min: 0, max: 255 }), length: fc.nat(4000) })
          .map(({ fill, length }) => new Uint8Array(length).fill(fill))
      ),
      later: fc.oneof(fc.nat(40), fc.nat(3000), fc.constant(-50))
    })
    fc.assert(
      fc.property(fc.constantFrom(...formats), fc.array(chunk, { maxLength: 60 }), (format, chunks) => {
        const found: Array<Finding> = []
        const ear = new CallerEar(format, 0, (finding) => void found.push(finding))
        let now = 0
        for (const { bytes, later } of chunks) {
          now += later
          if (bytes.length === 0) ear.wait(now)
          else ear.hear(bytes, now)
        }
        const [verdict, beep, ...more] = found
        assert.lengthOf(more, 0)
        if (verdict !== undefined) {
          assert.strictEqual(verdict._tag, "Verdict")
          assert.isAtMost(verdict.atMs, totalMs)
        }
        if (beep !== undefined) {
          assert.deepInclude(verdict, { result: "machine" })
          assert.strictEqual(beep._tag, "Beep")
          assert.isAtMost(beep.atMs, totalMs + beepSearchMs)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("is not kept: the memory of an ear does not grow", () => {
    const ear = new CallerEar(pcm8, 0, () => {})
    const held = () => JSON.stringify(ear).length
    const noise = new Uint8Array(320).fill(1)
    ear.hear(noise, 20)
    const before = held()
    for (let n = 2; n < 5000; n++) ear.hear(noise, n * 20)
    assert.isAtMost(held(), before * 2)
  })
})
