import { Effect } from "effect"
import { wavHeader } from "../audio/wav.ts"
import type { RecordingFile } from "./RecordingFiles.ts"
import { groupBytes } from "./timeline.ts"

/** Bytes of a recording's header: 16-bit linear PCM, two channels. */
export const headerBytes = 44

/** The most that a WAV file holds (its lengths are 32-bit numbers), with room for one more block. */
export const maxDataBytes = 0xffffffff - 1024 * 1024

const header = (sampleRate: 8000 | 16_000, dataBytes: number) =>
  wavHeader({ encoding: "pcm_s16le", sampleRate }, 2, dataBytes)

/** How long so many bytes of audio play, ms. */
export const durationOf = (sampleRate: number, dataBytes: number) =>
  Math.round((dataBytes / groupBytes / sampleRate) * 1000)

/**
 * Writes a recording so that it can be read at any moment: after each block the header says how much there is, and never more. A
 * process that is killed in between leaves a file without its last block at the worst.
 */
export const wavFile = Effect.fnUntraced(function* (file: RecordingFile, sampleRate: 8000 | 16_000) {
  let dataBytes = 0
  yield* file.write(header(sampleRate, 0), 0)
  return {
    dataBytes: () => dataBytes,
    append: Effect.fnUntraced(function* (block: Uint8Array) {
      yield* file.write(block, headerBytes + dataBytes)
      dataBytes += block.length
      yield* file.write(header(sampleRate, dataBytes), 0)
    })
  }
})

/** Lets the header say what a file of so many bytes really holds. Gives the bytes of its audio. */
export const repairWav = Effect.fnUntraced(function* (file: RecordingFile, sampleRate: 8000 | 16_000, bytes: number) {
  const dataBytes = Math.max(0, bytes - headerBytes)
  const whole = dataBytes - (dataBytes % groupBytes)
  yield* file.write(header(sampleRate, whole), 0)
  return whole
})
