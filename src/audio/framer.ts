import { type AudioChunk, type AudioFormat, bytesForMs, bytesPerSample, silence } from "../Audio.ts"
import { fadeOut } from "./fades.ts"

/** Cuts one stream of audio into frames of equal length. */
export interface Framer {
  /** Bytes of one frame. */
  readonly frameBytes: number
  /** Adds audio and gives the frames that are whole now. They may be views of `chunk`: do not change it afterwards. */
  readonly push: (chunk: AudioChunk) => ReadonlyArray<AudioChunk>
  /** The end of an utterance: the rest as one frame, filled up with silence; undefined when nothing is left. */
  readonly flush: () => AudioChunk | undefined
  /** Throws the rest away. */
  readonly clear: () => void
}

const noFrames: ReadonlyArray<AudioChunk> = []

/**
 * A framer for frames of `frameMs` ms (rounded down to whole samples, at least one). It holds less than one frame, and
 * copies nothing while chunks are whole frames. Half a sample at the end of an utterance is dropped.
 */
export const framer = (format: AudioFormat, frameMs: number): Framer => {
  const size = bytesPerSample(format)
  const frameBytes = Math.max(size, bytesForMs(format, frameMs))
  let pending = new Uint8Array(frameBytes)
  let filled = 0

  const cut = (chunk: AudioChunk, start: number): ReadonlyArray<AudioChunk> => {
    const frames: Array<AudioChunk> = []
    let at = start
    if (filled === frameBytes) {
      frames.push(pending)
      pending = new Uint8Array(frameBytes)
      filled = 0
    }
    for (; chunk.length - at >= frameBytes; at += frameBytes) frames.push(chunk.subarray(at, at + frameBytes))
    pending.set(chunk.subarray(at))
    filled = chunk.length - at
    return frames
  }

  return {
    frameBytes,
    push: (chunk) => {
      if (filled === 0) return chunk.length === frameBytes ? [chunk] : cut(chunk, 0)
      const missing = frameBytes - filled
      const taken = Math.min(missing, chunk.length)
      pending.set(taken === chunk.length ? chunk : chunk.subarray(0, taken), filled)
      filled += taken
      return filled < frameBytes ? noFrames : cut(chunk, taken)
    },
    flush: () => {
      const kept = filled - (filled % size)
      filled = 0
      if (kept === 0) return undefined
      const frame = silence(format, frameBytes)
      frame.set(pending.subarray(0, kept))
      fadeOut(format, frame.subarray(0, kept))
      return frame
    },
    clear: () => {
      filled = 0
    }
  }
}
