import type { AudioFormat } from "../../../../src/Audio.ts"
import { toSamples } from "../../../audio/signals.ts"

interface Sound {
  readonly format: AudioFormat
  readonly bytes: Uint8Array
}

/** Samples on each side of a new one from which it is reckoned. */
const reach = 16

/** Between two samples, by band-limited interpolation (Whittaker and Shannon's, under a Hann window). */
const between = (samples: Int16Array, at: number): number => {
  let sum = 0
  for (let n = Math.ceil(at - reach); n <= at + reach; n++) {
    const x = Math.PI * (at - n)
    const window = 0.5 + 0.5 * Math.cos(x / reach)
    sum += (samples[n] ?? 0) * (x === 0 ? 1 : Math.sin(x) / x) * window
  }
  return sum
}

/** Samples at 16 kHz. */
const at16kHz = ({ bytes, format: { encoding, sampleRate } }: Sound): Float64Array => {
  const samples = toSamples(encoding, bytes)
  if (sampleRate === 16000) return Float64Array.from(samples)
  return Float64Array.from({ length: samples.length * 2 }, (_, n) =>
    n % 2 === 0 ? (samples[n / 2] ?? 0) : between(samples, n / 2)
  )
}

/**
 * How much of `part` is found in `whole` at the best place, 0 to 1: the normalised cross-correlation at 16 kHz, both being
 * of 8 or 16 kHz.
 */
export const similarity = (part: Sound, whole: Sound): number => {
  const sought = at16kHz(part)
  const within = at16kHz(whole)
  const energy = sought.reduce((sum, sample) => sum + sample * sample, 0)
  let energyThere = within.subarray(0, sought.length).reduce((sum, sample) => sum + sample * sample, 0)
  let best = 0
  for (let at = 0; at + sought.length <= within.length; at++) {
    let product = 0
    for (let n = 0; n < sought.length; n++) product += (sought[n] ?? 0) * (within[at + n] ?? 0)
    if (product > 0) best = Math.max(best, product / Math.sqrt(energy * energyThere))
    energyThere += (within[at + sought.length] ?? 0) ** 2 - (within[at] ?? 0) ** 2
  }
  return best
}
