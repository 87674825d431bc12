import { assert, describe, it } from "@effect/vitest"
import { filterFor } from "../../src/audio/filter.ts"
import { decibels, ratePairs } from "./signals.ts"

/** Gain in dB at a frequency, of a filter that runs at `rate`. */
const gainAt = (response: Float64Array, up: number, rate: number, hertz: number): number => {
  const turn = (2 * Math.PI * hertz) / rate
  const sum = (wave: (x: number) => number) => response.reduce((total, tap, n) => total + tap * wave(turn * n), 0)
  return decibels(Math.hypot(sum(Math.cos), sum(Math.sin)) / up)
}

describe("filters", () => {
  it.each([
    [16000, 8000, 67, [0.46249371, 0.315840917, 0.037032172, -0.09881387, -0.035657124]],
    [8000, 16000, 68, [0.925003531, 0.631707912, 0.074072708, -0.197673674, -0.071342771]],
    [24000, 8000, 101, [0.30832945, 0.262229864, 0.148368418, 0.024688937, -0.052941367]]
  ] as const)("has the coefficients of the reference from %i to %i", (from, to, middle, expected) => {
    const { response } = filterFor(from, to)
    assert.strictEqual(response.length, 2 * middle + 1)
    expected.forEach((tap, i) => {
      assert.approximately(response[middle + i] ?? 0, tap, 1e-6)
      assert.approximately(response[middle - i] ?? 0, tap, 1e-6)
    })
  })

  it.each([
    [8000, 16000, 137, 4.25],
    [16000, 8000, 135, 4.19],
    [8000, 24000, 205, 4.25],
    [24000, 8000, 203, 4.21],
    [48000, 8000, 403, 4.19],
    [8000, 48000, 409, 4.25],
    [16000, 24000, 205, 2.13],
    [24000, 16000, 205, 2.13]
  ] as const)("from %i to %i has %i taps and %f ms of delay", (from, to, taps, delayMs) => {
    const { response, delay } = filterFor(from, to)
    assert.strictEqual(response.length, taps)
    assert.approximately((delay / from) * 1000, delayMs, 0.006)
  })

  it.each(ratePairs)("is flat and blocks aliases from $from to $to", ({ from, to }) => {
    const { response, up } = filterFor(from, to)
    const lower = Math.min(from, to)
    const gain = (part: number) => gainAt(response, up, from * up, part * lower)
    for (const part of [0, 0.125, 0.25, 0.375, 0.425]) assert.approximately(gain(part), 0, 0.01)
    assert.isBelow(gain(0.4875), -30)
    assert.isBelow(gain(0.5125), -83)
    for (let part = 0.575; part <= (from * up) / lower / 2; part += 0.0125) assert.isBelow(gain(part), -89)
  })

  it.each(ratePairs)("keeps DC in every phase from $from to $to", ({ from, to }) => {
    const { up, taps, phases } = filterFor(from, to)
    const deviation = up === 6 ? 1.7e-5 : 1.3e-5
    for (let phase = 0; phase < up; phase++) {
      const sum = phases.subarray(phase * taps, (phase + 1) * taps).reduce((total, tap) => total + tap, 0)
      assert.approximately(sum, 1, deviation)
    }
  })

  it("is designed once for a pair", () => {
    assert.strictEqual(filterFor(8000, 24000), filterFor(8000, 24000))
  })
})
