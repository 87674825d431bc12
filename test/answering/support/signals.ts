import { frameSamples, sampleRate } from "../../../src/answering/thresholds.ts"

/** Samples at 8 kHz, full scale 1. */
export type Signal = Float64Array

const samples = (ms: number) => Math.round((ms * sampleRate) / 1000)

export const quiet = (ms: number): Signal => new Float64Array(samples(ms))

/** Numbers from -1 to 1 that are the same in every run. */
export const randoms = (seed: number) => {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 31 - 1
  }
}

/** A tone with RMS `dbfs`; edges of 2 ms. */
export const tone = (hz: number, ms: number, dbfs = -18): Signal => {
  const count = samples(ms)
  const peak = 10 ** (dbfs / 20) * Math.SQRT2
  return Float64Array.from({ length: count }, (_, i) => {
    const edge = Math.min(1, (i + 1) / 16, (count - i) / 16)
    return peak * edge * Math.sin((2 * Math.PI * hz * i) / sampleRate)
  })
}

export const joined = (...parts: ReadonlyArray<Signal>): Signal => {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const mixed = (one: Signal, other: Signal): Signal => one.map((sample, i) => sample + (other[i] ?? 0))

export const amplified = (signal: Signal, db: number): Signal => signal.map((sample) => sample * 10 ** (db / 20))

export const rmsDbfs = (signal: Signal): number =>
  10 * Math.log10(signal.reduce((sum, sample) => sum + sample * sample, 0) / signal.length + 1e-12)

/** The signal at an RMS of `dbfs`. */
export const at = (signal: Signal, dbfs: number): Signal => amplified(signal, dbfs - rmsDbfs(signal))

export const whiteNoise = (ms: number, dbfs: number, seed = 7): Signal => {
  const next = randoms(seed)
  return at(
    quiet(ms).map(() => next()),
    dbfs
  )
}

/** Noise that falls by 6 dB an octave, as of a car. */
export const rumble = (ms: number, dbfs: number, seed = 7): Signal => {
  const next = randoms(seed)
  let last = 0
  return at(
    quiet(ms).map(() => (last = 0.97 * last + next())),
    dbfs
  )
}

/** The hum of a bad line: 50 Hz and its odd harmonics. */
export const hum = (ms: number, dbfs: number): Signal =>
  at(
    quiet(ms).map((_, i) =>
      [50, 150, 250].reduce((sum, hz, n) => sum + Math.sin((2 * Math.PI * hz * i) / sampleRate) / (n + 1), 0)
    ),
    dbfs
  )

/** Sixteen bits. */
export const pcm = (signal: Signal): Int16Array =>
  Int16Array.from(signal, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))))

/** Cut into frames of 20 ms; what is left at the end is dropped. */
export const framesOf = (signal: Signal): ReadonlyArray<Int16Array> => {
  const all = pcm(signal)
  return Array.from({ length: Math.floor(all.length / frameSamples) }, (_, n) =>
    all.subarray(n * frameSamples, (n + 1) * frameSamples)
  )
}
