import type { AudioChunk } from "../Audio.ts"

/** Puts a stream of audio that was cut anywhere together to whole samples. */
export interface WholeSamples {
  /** The samples that are whole now: the very chunk while nothing was cut. Half a sample waits for the next chunk. */
  readonly take: (chunk: AudioChunk) => AudioChunk
  /** Forgets half a sample. */
  readonly drop: () => void
}

const join = (first: number, chunk: AudioChunk): AudioChunk => {
  const joined = new Uint8Array(chunk.length + 1)
  joined[0] = first
  joined.set(chunk, 1)
  return joined
}

/** For samples of `size` bytes. */
export const wholeSamples = (size: 1 | 2): WholeSamples => {
  let stray: number | undefined
  return {
    take: (chunk) => {
      const bytes = stray === undefined ? chunk : join(stray, chunk)
      const whole = bytes.length - (bytes.length % size)
      stray = bytes[whole]
      return whole === bytes.length ? bytes : bytes.subarray(0, whole)
    },
    drop: () => {
      stray = undefined
    }
  }
}
