import { createHash } from "node:crypto"
import type { AudioFormat, Encoding, SampleRate } from "../../src/Audio.ts"
import { reader, writer } from "../../src/audio/samples.ts"

export const formatOf = (encoding: Encoding, sampleRate: SampleRate): AudioFormat => ({ encoding, sampleRate })

export const encodings: ReadonlyArray<Encoding> = ["mulaw", "alaw", "pcm_s16le", "pcm_s16be"]
export const rates: ReadonlyArray<SampleRate> = [8000, 16000, 24000, 48000]
export const ratePairs = rates.flatMap((from) => rates.filter((to) => to !== from).map((to) => ({ from, to })))

export const sine = (rate: number, hertz: number, amplitude: number, count: number): Int16Array =>
  Int16Array.from({ length: count }, (_, n) => Math.round(amplitude * Math.sin((2 * Math.PI * hertz * n) / rate)))

export const toBytes = (encoding: Encoding, samples: Int16Array): Uint8Array => {
  const bytes = new Uint8Array(samples.length * (encoding === "mulaw" || encoding === "alaw" ? 1 : 2))
  writer[encoding](samples, samples.length, bytes, 0)
  return bytes
}

export const toSamples = (encoding: Encoding, bytes: Uint8Array): Int16Array => {
  const samples = new Int16Array(Math.floor(bytes.length / (encoding === "mulaw" || encoding === "alaw" ? 1 : 2)))
  reader[encoding](bytes, 0, samples.length, samples)
  return samples
}

export const joined = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(chunks))

/** Cuts `bytes` into pieces whose lengths come from `sizes` in turn. */
export const pieces = (bytes: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const cut: Array<Uint8Array> = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1)
    cut.push(bytes.subarray(at, at + size))
    at += size
  }
  return cut
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

export const decibels = (ratio: number): number => 20 * Math.log10(ratio)

export const rms = (samples: Int16Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)

/** The tone of one frequency in a signal, and what else there is, by projection (whole periods expected). */
export const toneIn = (samples: Int16Array, rate: number, hertz: number) => {
  const turn = (2 * Math.PI * hertz) / rate
  const sum = (weight: (n: number) => number) => samples.reduce((total, sample, n) => total + sample * weight(n), 0)
  const inPhase = (2 / samples.length) * sum((n) => Math.sin(turn * n))
  const quadrature = (2 / samples.length) * sum((n) => Math.cos(turn * n))
  const rest = samples.reduce(
    (total, sample, n) => total + (sample - inPhase * Math.sin(turn * n) - quadrature * Math.cos(turn * n)) ** 2,
    0
  )
  return { amplitude: Math.hypot(inPhase, quadrature), restRms: Math.sqrt(rest / samples.length) }
}

/** Distortion and noise against the tone, in dB. */
export const distortion = (samples: Int16Array, rate: number, hertz: number): number => {
  const { amplitude, restRms } = toneIn(samples, rate, hertz)
  return decibels(restRms / (amplitude / Math.SQRT2))
}
