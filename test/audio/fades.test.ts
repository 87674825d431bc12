import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { bytesForMs, bytesPerSample } from "../../src/Audio.ts"
import { fadedIn } from "../../src/audio/fades.ts"
import { encodings, formatOf, rates, toBytes, toSamples } from "./signals.ts"

describe("a fade-in", () => {
  it.each(encodings)("brings %s up from zero over 3 ms", (encoding) => {
    const format = formatOf(encoding, 16000)
    const loud = toBytes(encoding, new Int16Array(320).fill(-16000))
    const kept = Uint8Array.from(loud)
    const samples = toSamples(encoding, fadedIn(format, loud))
    const before = toSamples(encoding, loud)
    assert.deepStrictEqual(loud, kept)
    assert.isBelow(Math.abs(samples[0] ?? 40_000), 500)
    for (let i = 1; i < 48; i++) assert.isAtMost(samples[i] ?? 0, samples[i - 1] ?? 0)
    assert.deepStrictEqual(samples.subarray(48), before.subarray(48))
  })

  it("leaves alone what begins near zero", () => {
    const quiet = toBytes(
      "pcm_s16le",
      Int16Array.from({ length: 160 }, (_, i) => i * 100)
    )
    assert.strictEqual(fadedIn(formatOf("pcm_s16le", 8000), quiet), quiet)
  })

  it("takes any bytes, and changes nothing behind the 3 ms", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...encodings),
        fc.constantFrom(...rates),
        fc.uint8Array({ maxLength: 700 }),
        (encoding, rate, bytes) => {
          const format = formatOf(encoding, rate)
          const whole = bytes.subarray(0, bytes.length - (bytes.length % bytesPerSample(format)))
          const faded = fadedIn(format, whole)
          assert.strictEqual(faded.length, whole.length)
          const edge = bytesForMs(format, 3)
          assert.deepStrictEqual(faded.subarray(edge), whole.subarray(edge))
        }
      )
    )
  })
})
