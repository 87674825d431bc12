import { assert, describe, it } from "@effect/vitest"
import type { SampleRate } from "../../src/Audio.ts"
import { type Resampler, resampler } from "../../src/audio/resampler.ts"
import { decibels, distortion, ratePairs, rms, sine, toneIn } from "./signals.ts"

const run = (stream: Resampler, input: Int16Array, size = stream.block): Int16Array => {
  const output: Array<number> = []
  const scratch = new Int16Array(961)
  for (let at = 0; at < input.length; at += size) {
    const piece = input.subarray(at, at + size)
    const expected = stream.outputs(piece.length)
    const count = stream.process(piece, piece.length, scratch)
    assert.strictEqual(count, expected)
    output.push(...scratch.subarray(0, count))
  }
  return Int16Array.from(output)
}

const second = (from: SampleRate, to: SampleRate, hertz: number, amplitude: number) =>
  run(resampler(from, to), sine(from, hertz, amplitude, from + from / 10)).subarray(to / 10)

const steepest = (samples: Int16Array) =>
  samples.reduce((most, sample, n) => Math.max(most, Math.abs(sample - (samples[n - 1] ?? 0))), 0)

describe("resampler", () => {
  it("gives the samples of the reference from 16 to 8 kHz", () => {
    const output = run(resampler(16000, 8000), sine(16000, 1000, 8000, 960))
    const expected = [7391, 3061, -3061, -7391, -7391, -3061, 3061, 7391]
    expected.forEach((sample, i) => assert.approximately(output[100 + i] ?? 0, sample, 1))
  })

  it("holds a constant from 24 to 8 kHz once the filter is full", () => {
    const output = run(resampler(24000, 8000), new Int16Array(2400).fill(10000)).subarray(68)
    assert.isTrue(output.every((sample) => Math.abs(sample - 10000) <= 1))
  })

  it.each(ratePairs)("gives 20 ms for 20 ms from $from to $to", ({ from, to }) => {
    const stream = resampler(from, to)
    const input = sine(from, 440, 9000, from / 50)
    const output = new Int16Array(961)
    for (let i = 0; i < 10; i++) assert.strictEqual(stream.process(input, input.length, output), to / 50)
  })

  it.each(ratePairs)("adds no more than 16-bit noise to a tone from $from to $to", ({ from, to }) => {
    const output = second(from, to, 1000, 16384)
    assert.isBelow(distortion(output, to, 1000), -88)
    assert.approximately(toneIn(output, to, 1000).amplitude, 16384, 16384 * 0.0012)
  })

  it.each([16000, 24000, 48000] as const)("lets nothing above 4 kHz fold back from %i to 8000", (from) => {
    for (const hertz of [4100, 4500, 7000]) {
      assert.isBelow(decibels(rms(second(from, 8000, hertz, 16384)) / (16384 / Math.SQRT2)), -75)
    }
    assert.approximately(toneIn(second(from, 8000, 3400, 16384), 8000, 3400).amplitude, 16384, 16384 * 0.0012)
  })

  it("has the transition that the reference has, measured on tones from 16 to 8 kHz", () => {
    const gain = (hertz: number) => decibels(toneIn(second(16000, 8000, hertz, 16384), 8000, hertz).amplitude / 16384)
    assert.approximately(gain(1000), 0, 0.01)
    assert.approximately(gain(3600), -1.7, 0.1)
    assert.approximately(gain(3800), -15, 0.5)
    assert.approximately(gain(3900), -32, 1)
  })

  it.each([16000, 24000, 48000] as const)("leaves no image of a tone from 8000 to %i", (to) => {
    for (const hertz of [1000, 3400]) {
      const output = second(8000, to, hertz, 16384)
      assert.isBelow(toneIn(output, to, 8000 - hertz).amplitude, 1)
    }
  })

  it.each(ratePairs)("is smooth across frames from $from to $to", ({ from, to }) => {
    const output = second(from, to, 1000, 16384)
    const ideal = 16384 * 4 * Math.sin((Math.PI * 1000) / to) ** 2
    for (let n = 1; n < output.length - 1; n++) {
      const bend = Math.abs((output[n - 1] ?? 0) - 2 * (output[n] ?? 0) + (output[n + 1] ?? 0))
      assert.isAtMost(bend, ideal * 1.05)
    }
  })

  it.each(ratePairs)("clamps a full-scale square wave instead of wrapping from $from to $to", ({ from, to }) => {
    const half = from / 400
    const square = Int16Array.from({ length: from / 5 }, (_, n) => (Math.floor(n / half) % 2 === 0 ? 32767 : -32768))
    const stream = resampler(from, to)
    const output = run(stream, square)
    const late = stream.delay * (to / from)
    const flat = to / 400
    for (let n = Math.ceil(late + flat); n < output.length; n++) {
      const place = (n - late) / flat
      const intoFlat = place - Math.floor(place)
      if (intoFlat < 0.25 || intoFlat > 0.75) continue
      const sign = Math.floor(place) % 2 === 0 ? 1 : -1
      assert.isAbove((output[n] ?? 0) * sign, 25000)
    }
    assert.strictEqual(Math.max(...output), 32767)
    assert.strictEqual(Math.min(...output), -32768)
  })

  it.each(ratePairs)("does not depend on the size of the blocks from $from to $to", ({ from, to }) => {
    const input = Int16Array.from({ length: 1999 }, (_, n) => ((n * 40503) ^ (n << 7)) & 0xffff)
    const whole = run(resampler(from, to), input)
    for (const size of [1, 7, 73, 160]) assert.deepStrictEqual(run(resampler(from, to), input, size), whole)
  })

  it.each(ratePairs)("begins anew on reset from $from to $to", ({ from, to }) => {
    const input = sine(from, 440, 12000, 500)
    const fresh = resampler(from, to)
    fresh.reset()
    const used = resampler(from, to)
    run(used, input.subarray(0, 41))
    used.reset()
    assert.deepStrictEqual(run(used, input), run(fresh, input))
  })

  it("forgets the past on reset, then fades in", () => {
    const stream = resampler(8000, 16000)
    run(stream, new Int16Array(477).fill(20000))
    stream.reset()
    assert.isTrue(run(stream, new Int16Array(160)).every((sample) => sample === 0))
    stream.reset()
    const constant = new Int16Array(320).fill(10000)
    const faded = run(stream, constant)
    const abrupt = run(resampler(8000, 16000), constant)
    assert.isBelow(steepest(faded), steepest(abrupt) / 5)
    assert.deepStrictEqual(faded.subarray(180), abrupt.subarray(180))
  })
})
