import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { bytesPerSample } from "../../src/Audio.ts"
import { framer } from "../../src/audio/framer.ts"
import { encodings, formatOf, joined, pieces, rates, toBytes, toSamples } from "./signals.ts"

const mulaw8 = formatOf("mulaw", 8000)
const pcm8 = formatOf("pcm_s16le", 8000)
const counted = (length: number) => Uint8Array.from({ length }, (_, i) => i & 0xff)
const silenceByte = { mulaw: 0xff, alaw: 0xd5, pcm_s16le: 0, pcm_s16be: 0 } as const

describe("framer", () => {
  it.each([
    ["mulaw", 8000, 160],
    ["pcm_s16le", 8000, 320],
    ["pcm_s16le", 16000, 640],
    ["pcm_s16be", 24000, 960],
    ["pcm_s16le", 48000, 1920]
  ] as const)("frames 20 ms of %s at %i in %i bytes", (encoding, rate, bytes) => {
    assert.strictEqual(framer(formatOf(encoding, rate), 20).frameBytes, bytes)
  })

  it("never has an empty frame", () => {
    assert.strictEqual(framer(pcm8, 0).frameBytes, 2)
    assert.strictEqual(framer(pcm8, 0).push(counted(7)).length, 3)
  })

  it("passes whole frames on without copying", () => {
    const frames = framer(mulaw8, 20)
    const one = counted(160)
    assert.strictEqual(frames.push(one)[0], one)
    const three = counted(480)
    const cut = frames.push(three)
    assert.strictEqual(cut.length, 3)
    assert.isTrue(cut.every((frame) => frame.buffer === three.buffer))
    assert.strictEqual(frames.flush(), undefined)
  })

  it("gives every byte in order, in whole frames, however the input is cut", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...encodings),
        fc.constantFrom(...rates),
        fc.integer({ min: 1, max: 30 }),
        fc.uint8Array({ maxLength: 5000 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 6 }),
        (encoding, rate, frameMs, bytes, sizes) => {
          const format = formatOf(encoding, rate)
          const frames = framer(format, frameMs)
          const out = pieces(bytes, sizes).flatMap((piece) => frames.push(piece))
          assert.isTrue(out.every((frame) => frame.length === frames.frameBytes))
          const given = joined(out)
          assert.deepStrictEqual(given, bytes.slice(0, given.length))
          const left = bytes.length - given.length
          assert.isBelow(left, frames.frameBytes)
          const last = frames.flush()
          assert.strictEqual(last?.length, left < bytesPerSample(format) ? undefined : frames.frameBytes)
          assert.strictEqual(frames.flush(), undefined)
        }
      ),
      { numRuns: 300 }
    )
  })

  it.each(encodings)("fills the last frame of %s up with its silence", (encoding) => {
    const format = formatOf(encoding, 8000)
    const size = bytesPerSample(format)
    const quiet = toBytes(encoding, new Int16Array(100).fill(150))
    const frames = framer(format, 20)
    frames.push(quiet)
    const last = frames.flush() ?? new Uint8Array(0)
    assert.deepStrictEqual(last.subarray(0, 100 * size), quiet)
    assert.deepStrictEqual(last.subarray(100 * size), new Uint8Array(60 * size).fill(silenceByte[encoding]))
  })

  it.each(encodings)("fades the end of %s out before silence", (encoding) => {
    const format = formatOf(encoding, 8000)
    const frames = framer(format, 20)
    const loud = toBytes(encoding, new Int16Array(100).fill(-16000))
    frames.push(loud)
    const samples = toSamples(encoding, frames.flush() ?? new Uint8Array(0))
    const before = toSamples(encoding, loud)
    assert.deepStrictEqual(samples.subarray(0, 76), before.subarray(0, 76))
    for (let i = 76; i < 160; i++) assert.isAtLeast(samples[i] ?? 0, samples[i - 1] ?? 0)
    assert.isAtMost(Math.abs(samples[99] ?? 1000), 8)
    assert.isBelow(Math.abs(samples[98] ?? 0), 1000)
  })

  it("drops half a sample at the end of an utterance", () => {
    const frames = framer(pcm8, 20)
    frames.push(Uint8Array.of(1, 0, 99))
    assert.deepStrictEqual(frames.flush()?.subarray(0, 4), Uint8Array.of(1, 0, 0, 0))
    frames.push(Uint8Array.of(99))
    assert.strictEqual(frames.flush(), undefined)
  })

  it("begins anew after clear, and does not change frames it gave away", () => {
    const frames = framer(mulaw8, 20)
    frames.push(counted(100))
    frames.clear()
    assert.strictEqual(frames.flush(), undefined)
    frames.push(counted(100).fill(7))
    const [first] = frames.push(counted(60).fill(8))
    frames.push(counted(159).fill(9))
    frames.flush()
    assert.deepStrictEqual(
      first,
      Uint8Array.from({ length: 160 }, (_, i) => (i < 100 ? 7 : 8))
    )
  })
})
