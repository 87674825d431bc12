import { frameSamples, sampleRate } from "./thresholds.ts"

/** A frame's one frequency, Hz, and the share of its energy that lies there, 0 to 1. */
export interface Tone {
  readonly hz: number
  readonly purity: number
}

const none: Tone = { hz: 0, purity: 0 }

const quietestDbfs = -96

/** A Hann window: a tone that is not at the middle of the filter loses little by it. */
const window = Float64Array.from({ length: frameSamples }, (_, i) => {
  const half = Math.sin((Math.PI * (i + 0.5)) / frameSamples)
  return half * half
})
/** What a pure tone gives through the window: the square of the filter's answer by the windowed energy. */
const pureRatio = window.reduce((sum, w) => sum + w, 0) ** 2 / (2 * window.reduce((sum, w) => sum + w * w, 0))

/** RMS in dB below full scale, -96 at the least. */
export const levelOfFrame = (samples: Float64Array): number => {
  let energy = 0
  for (let i = 0; i < frameSamples; i++) {
    const sample = samples[i] ?? 0
    energy += sample * sample
  }
  return Math.max(quietestDbfs, 10 * Math.log10(energy / frameSamples / 32768 ** 2 + 1e-12))
}

/** The frequency that a frame would have if it were one tone in white noise (Pisarenko's estimate, by two lags). */
const frequencyOf = (samples: Float64Array): number => {
  let one = 0
  let two = 0
  for (let i = 2; i < frameSamples; i++) {
    const sample = samples[i] ?? 0
    one += sample * (samples[i - 1] ?? 0)
    two += sample * (samples[i - 2] ?? 0)
  }
  const spread = Math.sqrt(two * two + 8 * one * one) - two
  if (spread <= 0) return 0
  return (Math.acos(Math.max(-1, Math.min(1, (2 * one) / spread))) * sampleRate) / (2 * Math.PI)
}

/** How much of a frame is one tone: its likely frequency, looked at with Goertzel's filter. */
export const toneOf = (samples: Float64Array): Tone => {
  const hz = frequencyOf(samples)
  const turn = 2 * Math.cos((2 * Math.PI * hz) / sampleRate)
  let energy = 0
  let last = 0
  let before = 0
  for (let i = 0; i < frameSamples; i++) {
    const sample = (samples[i] ?? 0) * (window[i] ?? 0)
    energy += sample * sample
    const now = sample + turn * last - before
    before = last
    last = now
  }
  if (energy === 0) return none
  const answer = last * last + before * before - turn * last * before
  return { hz, purity: Math.min(1, answer / energy / pureRatio) }
}
