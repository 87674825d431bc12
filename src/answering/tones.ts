import type { Tone } from "./frames.ts"
import {
  beepFrames,
  beepHz,
  beepQuietMs,
  beepSettleMs,
  frameMs,
  longestBeepMs,
  networkTones,
  toneDrift,
  tonePurity
} from "./thresholds.ts"

/** A tone that was followed by quiet, or several that a network plays. `endMs`: when the last one ended. */
export interface Heard {
  readonly what: "beep" | "network"
  readonly endMs: number
}

/** Whether a frame is one tone that a machine might beep with. */
export const isTone = ({ hz, purity }: Tone): boolean => purity >= tonePurity && hz >= beepHz.from && hz <= beepHz.to

/** Finds beeps: a tone of 120 ms or more, and then quiet. */
export class Tones {
  /** The tone that sounds now. */
  private frames = 0
  private hz = 0
  /** Tones that ended, one right after the other, the last one at `endMs`. */
  private ended = 0
  private endMs = 0
  private longest = 0
  private quietMs = 0

  /** A tone sounds, long enough to be a beep. */
  get isSounding(): boolean {
    return this.frames >= beepFrames
  }

  /** Takes a frame that ends at `ms`: its tone, where it is one, and whether somebody speaks in it. */
  next(tone: Tone | undefined, isActive: boolean, ms: number): Heard | undefined {
    if (tone !== undefined && this.goesOn(tone)) {
      this.hz += (tone.hz - this.hz) / (this.frames + 1)
      this.frames += 1
      return undefined
    }
    this.finish(ms - frameMs)
    if (tone !== undefined) {
      this.frames = 1
      this.hz = tone.hz
      return undefined
    }
    return this.settle(isActive, ms)
  }

  private goesOn(tone: Tone): boolean {
    return this.frames > 0 && Math.abs(tone.hz - this.hz) <= Math.max(toneDrift.hz, this.hz * toneDrift.share)
  }

  /** The tone that sounded until `ms`, if there was one, is over. */
  private finish(ms: number) {
    if (this.isSounding) {
      this.ended += 1
      this.endMs = ms
      this.quietMs = 0
      this.longest = Math.max(this.longest, this.frames * frameMs)
    }
    this.frames = 0
  }

  private settle(isActive: boolean, ms: number): Heard | undefined {
    if (this.ended === 0) return undefined
    if (!isActive) this.quietMs += frameMs
    const isQuiet = this.quietMs >= beepQuietMs
    if (!isQuiet && ms - this.endMs < beepSettleMs) return undefined
    const { ended, endMs, longest } = this
    this.ended = 0
    this.longest = 0
    if (ended >= networkTones) return { what: "network", endMs }
    return isQuiet && longest <= longestBeepMs ? { what: "beep", endMs } : undefined
  }
}
