import { Schema } from "effect"

/** How samples are laid out on a wire: G.711 in one byte, linear PCM in two (little- or big-endian). */
export const Encoding = Schema.Literals(["mulaw", "alaw", "pcm_s16le", "pcm_s16be"])
export type Encoding = typeof Encoding.Type

/** Sample rates in Hz that Switchboard speaks. */
export const SampleRate = Schema.Literals([8000, 16000, 24000, 48000])
export type SampleRate = typeof SampleRate.Type

/** The format of a stream of mono audio. It is declared once per stream, not per chunk. */
export const AudioFormat = Schema.Struct({ encoding: Encoding, sampleRate: SampleRate })
export type AudioFormat = typeof AudioFormat.Type

/** Bytes of audio in the stream's declared format, whole samples. */
export type AudioChunk = Uint8Array

const sampleBytes: Readonly<Record<Encoding, 1 | 2>> = { mulaw: 1, alaw: 1, pcm_s16le: 2, pcm_s16be: 2 }

/** The byte that repeated is silence (ITU-T G.711: positive zero; A-law has none, so its smallest positive step). */
const silenceBytes: Readonly<Record<Encoding, number>> = { mulaw: 0xff, alaw: 0xd5, pcm_s16le: 0, pcm_s16be: 0 }

/** True when bytes of one format can be used as the other as they are. */
export const sameFormat = (a: AudioFormat, b: AudioFormat): boolean =>
  a.encoding === b.encoding && a.sampleRate === b.sampleRate

/** Bytes of one sample. */
export const bytesPerSample = (format: AudioFormat): 1 | 2 => sampleBytes[format.encoding]

/** Bytes of `ms` milliseconds, rounded down to a whole sample. */
export const bytesForMs = (format: AudioFormat, ms: number): number =>
  Math.floor((ms * format.sampleRate) / 1000) * bytesPerSample(format)

/** How long `bytes` bytes play, in milliseconds; a fraction where they are not a whole number of them. */
export const msOf = (format: AudioFormat, bytes: number): number =>
  (bytes / bytesPerSample(format) / format.sampleRate) * 1000

/** `bytes` bytes of silence. */
export const silence = (format: AudioFormat, bytes: number): AudioChunk =>
  new Uint8Array(bytes).fill(silenceBytes[format.encoding])
