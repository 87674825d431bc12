import type { AudioChunk, AudioFormat } from "../../Audio.ts"
import { converter } from "../../audio/converter.ts"

/** The agent's audio on its way out of the inbox. */
export interface Player {
  /** Converts and plays a chunk. False: no room now; the same chunk must be offered again before another one. */
  readonly play: (chunk: AudioChunk) => boolean
  /** After a clear: nothing of what was held back sounds later. */
  readonly forget: () => void
}

/**
 * Converts audio when it is played and not when it comes, for an agent whose audio may wait for minutes: what waits is as
 * small as the agent sent it.
 */
export const makePlayer = (
  play: (chunk: AudioChunk) => boolean,
  formats: { readonly from: AudioFormat; readonly to: AudioFormat }
): Player => {
  const { convert, reset } = converter(formats.from, formats.to)
  let ready: AudioChunk | undefined
  return {
    play: (chunk) => {
      ready ??= convert(chunk)
      if (ready.length > 0 && !play(ready)) return false
      ready = undefined
      return true
    },
    forget: () => {
      ready = undefined
      reset()
    }
  }
}
