import type { Encoding } from "../Audio.ts"
import { alawToSample, mulawToSample, sampleToAlaw, sampleToMulaw } from "./g711.ts"

/**
 * Reads `count` samples that begin at byte `start` of `bytes` into the beginning of `into`. Bytes are read singly, so
 * an odd `byteOffset` of the view does not matter.
 */
export type ReadSamples = (bytes: Uint8Array, start: number, count: number, into: Int16Array) => void

/** Writes the first `count` samples of `from` to `bytes`, beginning at byte `start`. */
export type WriteSamples = (from: Int16Array, count: number, bytes: Uint8Array, start: number) => void

const readCodes =
  (table: Int16Array): ReadSamples =>
  (bytes, start, count, into) => {
    for (let i = 0; i < count; i++) into[i] = table[bytes[start + i] ?? 0] ?? 0
  }

const writeCodes =
  (table: Uint8Array): WriteSamples =>
  (from, count, bytes, start) => {
    for (let i = 0; i < count; i++) bytes[start + i] = table[(from[i] ?? 0) & 0xffff] ?? 0
  }

const readWords =
  (low: 0 | 1): ReadSamples =>
  (bytes, start, count, into) => {
    for (let i = 0, at = start; i < count; i++, at += 2) {
      into[i] = (bytes[at + low] ?? 0) | ((bytes[at + 1 - low] ?? 0) << 8)
    }
  }

const writeWords =
  (low: 0 | 1): WriteSamples =>
  (from, count, bytes, start) => {
    for (let i = 0, at = start; i < count; i++, at += 2) {
      const sample = from[i] ?? 0
      bytes[at + low] = sample
      bytes[at + 1 - low] = sample >> 8
    }
  }

export const reader: Readonly<Record<Encoding, ReadSamples>> = {
  mulaw: readCodes(mulawToSample),
  alaw: readCodes(alawToSample),
  pcm_s16le: readWords(0),
  pcm_s16be: readWords(1)
}

export const writer: Readonly<Record<Encoding, WriteSamples>> = {
  mulaw: writeCodes(sampleToMulaw),
  alaw: writeCodes(sampleToAlaw),
  pcm_s16le: writeWords(0),
  pcm_s16be: writeWords(1)
}
