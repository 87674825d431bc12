import { type AudioFormat, bytesForMs, bytesPerSample, silence } from "../../src/Audio.ts"
import { decodeTable, encodeTable } from "../companding.ts"

/**
 * Frames that are numbered by what is heard in them, so that the number outlives a change of encoding, of sample rate and of the
 * cut into messages: a millisecond of silence, one of a loud positive level, and one for each bit, positive for 1.
 */
const bits = 12
const numbers = 2 ** bits
const loud = 16_000
const threshold = loud / 2
const leadMs = 1
/** How much longer than the bits a number is: until then the reader does not look for the next one. */
const restMs = 1.5

/** A clock that all processes of a machine share, ms. */
export const machineMs = () => Number(process.hrtime.bigint()) / 1e6

/** The number of the `n`th frame. After so many of them numbers begin again: a minute's frames are told apart. */
export const numberOf = (n: number) => n % numbers

const write = (format: AudioFormat, bytes: Uint8Array, sample: number, value: number) => {
  if (format.encoding === "mulaw") bytes[sample] = encodeTable[value & 0xffff] ?? 0
  else {
    bytes[sample * 2] = value & 0xff
    bytes[sample * 2 + 1] = (value >> 8) & 0xff
  }
}

/** A frame with a number in it, in mu-law or little-endian linear PCM. */
export const numberedFrame = (format: AudioFormat, frameMs: number, n: number): Uint8Array => {
  const frame = silence(format, bytesForMs(format, frameMs))
  const perMs = format.sampleRate / 1000
  for (let i = 0; i < (bits + 1) * perMs; i++) {
    const bit = Math.floor(i / perMs) - 1
    write(format, frame, leadMs * perMs + i, bit < 0 || (n >> bit) & 1 ? loud : -loud)
  }
  return frame
}

const sampleReader = ({ encoding }: AudioFormat): ((bytes: Uint8Array, sample: number) => number) =>
  encoding === "mulaw"
    ? (bytes, sample) => decodeTable[bytes[sample] ?? 0] ?? 0
    : (bytes, sample) => (((bytes[sample * 2] ?? 0) | ((bytes[sample * 2 + 1] ?? 0) << 8)) << 16) >> 16

/** Reads a stream's numbers, whole samples at a time; `found` is called where the last bit of one has come. */
export const numberReader = (format: AudioFormat, found: (n: number) => void): ((bytes: Uint8Array) => void) => {
  const perMs = format.sampleRate / 1000
  const size = bytesPerSample(format)
  const sampleAt = sampleReader(format)
  /** The bit that is read next; negative between two numbers. */
  let bit = -1
  /** Samples until then. */
  let wait = 0
  let value = 0
  return (bytes) => {
    const count = bytes.length / size
    for (let i = 0; i < count; i++) {
      if (bit < 0) {
        if (sampleAt(bytes, i) <= threshold) continue
        bit = 0
        value = 0
        wait = 1.5 * perMs
      }
      if (i + wait >= count) {
        wait -= count - i
        return
      }
      i += wait
      if (bit === bits) {
        bit = -1
        continue
      }
      if (sampleAt(bytes, i) > 0) value |= 1 << bit
      bit += 1
      // The loop's own step is one sample.
      wait = (bit === bits ? restMs * perMs : perMs) - 1
      if (bit === bits) found(value)
    }
  }
}
