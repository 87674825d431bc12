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
