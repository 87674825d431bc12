/** A sound that a mouth makes: where its resonances are (Hz), how high it is (Hz, from and to), how long it lasts (s). */
interface Sound {
  readonly formants: readonly [number, number, number]
  readonly pitch: readonly [number, number]
  readonly seconds: number
}

const a = [730, 1090, 2440] as const
const e = [530, 1840, 2480] as const
const i = [270, 2290, 3010] as const
const o = [570, 840, 2410] as const
const u = [300, 870, 2240] as const

const sound = (formants: Sound["formants"], from: number, to: number, seconds: number): Sound => ({
  formants,
  pitch: [from, to],
  seconds
})
const pause = (seconds: number): Sound => ({ formants: a, pitch: [0, 0], seconds })

/** Like a sentence: syllables that rise and fall, and a breath. */
const sentence: ReadonlyArray<Sound> = [
  sound(e, 120, 135, 0.16),
  sound(o, 135, 150, 0.28),
  pause(0.12),
  sound(i, 140, 150, 0.14),
  sound(a, 150, 125, 0.22),
  pause(0.04),
  sound(u, 125, 130, 0.16),
  sound(e, 130, 145, 0.18),
  sound(a, 145, 110, 0.32),
  pause(0.35),
  sound(o, 115, 140, 0.24),
  sound(i, 140, 160, 0.2),
  sound(a, 150, 100, 0.4),
  pause(0.6)
]

const BANDWIDTHS = [80, 100, 140]
const GAINS = [1, 0.5, 0.25]
const FADE_S = 0.025
const LOUDEST = 0.5

/** A resonance as a filter with two poles. */
const resonator = (frequency: number, bandwidth: number, rate: number) => {
  const radius = Math.exp((-Math.PI * bandwidth) / rate)
  const first = 2 * radius * Math.cos((2 * Math.PI * frequency) / rate)
  const second = -radius * radius
  let y1 = 0
  let y2 = 0
  return (x: number) => {
    const y = (1 - radius) * x + first * y1 + second * y2
    y2 = y1
    y1 = y
    return y
  }
}

const voiced = ({ formants, pitch: [from, to], seconds }: Sound, rate: number) => {
  const length = Math.round(seconds * rate)
  const samples = new Float32Array(length)
  if (from === 0) return samples
  const filters = formants.map((frequency, index) => resonator(frequency, BANDWIDTHS[index] ?? 100, rate))
  let phase = 0
  for (let index = 0; index < length; index++) {
    phase += (from + ((to - from) * index) / length) / rate
    const pulse = phase >= 1 ? 1 : 0
    phase -= pulse
    const edge = Math.min(index, length - 1 - index) / (FADE_S * rate)
    const all = filters.reduce((sum, filter, at) => sum + (GAINS[at] ?? 0) * filter(pulse), 0)
    samples[index] = all * Math.min(1, edge)
  }
  return samples
}

/**
 * Three and a half seconds of a synthetic voice at `rate` Hz: a pulse train through the resonances of vowels. Nobody's recording, and
 * no words; but it has the pitch, the syllables and the pauses that agents and detectors listen for.
 */
export const sampleVoice = (rate: number): Float32Array => {
  const pieces = sentence.map((each) => voiced(each, rate))
  const samples = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    samples.set(piece, at)
    at += piece.length
  }
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  return samples.map((sample) => (sample * LOUDEST) / peak)
}
