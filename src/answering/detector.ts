import { levelOfFrame, toneOf } from "./frames.ts"
import { HighPass } from "./highPass.ts"
import { NoiseFloor } from "./noiseFloor.ts"
import {
  beepSearchMs,
  frameMs,
  greetingMs,
  initialSilenceMs,
  quietestToneDbfs,
  speechFrames,
  speechOverNoiseDb,
  totalMs,
  turnMs,
  wordGapMs
} from "./thresholds.ts"
import { type Heard, isTone, Tones } from "./tones.ts"

/** Who answered a call. */
export type Answerer = "human" | "machine" | "unknown"

/**
 * By what that is known: it spoke for long without a pause; it beeped after it spoke; it said something short and waited. Or why it
 * is not: nobody spoke; a network's tones said that the call failed; neither was the case in time.
 */
export type AnswererReason = "long_greeting" | "beep" | "short_greeting" | "silence" | "network_tone" | "undecided"

/** Something that was found out, at ms of the audio. */
export type Finding =
  | { readonly _tag: "Verdict"; readonly result: Answerer; readonly reason: AnswererReason; readonly atMs: number }
  /** The beep after which a machine records ended. Only after the verdict `machine`, and once. */
  | { readonly _tag: "Beep"; readonly atMs: number }

/** Leaks by this much with a frame without speech, so that a gap within a sound does not end it. */
const leak = 2

/**
 * Finds out whether a person or a machine answered a call, from what it says first. Synchronous, without allocation but for the
 * findings; it keeps 1.5 s of levels and no audio.
 */
export class AnsweringDetector {
  private readonly found: (finding: Finding) => void
  private readonly filter = new HighPass()
  private readonly noise = new NoiseFloor()
  private readonly tones = new Tones()
  private ms = 0
  private run = 0
  private spokenMs = 0
  private silentMs = 0
  private verdict: Answerer | undefined
  private verdictMs = 0
  private hasBeeped = false

  constructor(found: (finding: Finding) => void) {
    this.found = found
  }

  /** ms of audio so far. */
  get elapsedMs(): number {
    return this.ms
  }

  /** Nothing more will be found. */
  get isDone(): boolean {
    if (this.verdict === undefined) return false
    return this.verdict !== "machine" || this.hasBeeped || this.ms - this.verdictMs >= beepSearchMs
  }

  /** Takes the next 20 ms: 160 samples at 8 kHz, 16 bit. */
  frame(samples: Int16Array) {
    if (this.isDone) return
    this.ms += frameMs
    const filtered = this.filter.next(samples)
    const dbfs = levelOfFrame(filtered)
    const likely = dbfs > quietestToneDbfs ? toneOf(filtered) : undefined
    const tone = likely !== undefined && isTone(likely) ? likely : undefined
    const isActive = tone === undefined && dbfs > this.noise.next(dbfs) + speechOverNoiseDb
    const heard = this.tones.next(tone, isActive, this.ms)
    if (tone === undefined) this.listen(isActive)
    if (heard !== undefined) this.take(heard)
    if (this.verdict === undefined) this.decide()
  }

  /** Counts speech and silence; a tone is neither. */
  private listen(isActive: boolean) {
    this.run = isActive ? Math.min(this.run + 1, 2 * speechFrames) : Math.max(0, this.run - leak)
    this.silentMs += frameMs
    if (!isActive || this.run < speechFrames) return
    const isNew = this.spokenMs === 0
    const heldMs = isNew ? speechFrames * frameMs : this.silentMs <= wordGapMs ? this.silentMs : frameMs
    this.spokenMs += heldMs
    this.silentMs = 0
  }

  private take({ endMs, what }: Heard) {
    const isOpen = this.verdict === undefined
    if (what === "network") {
      if (isOpen) this.conclude("unknown", "network_tone")
      return
    }
    // A tone before any word is not a machine's: it may be a network's.
    if (isOpen && this.spokenMs > 0) this.conclude("machine", "beep")
    if (this.verdict !== "machine") return
    this.hasBeeped = true
    this.found({ _tag: "Beep", atMs: endMs })
  }

  private decide() {
    if (this.spokenMs >= greetingMs) return this.conclude("machine", "long_greeting")
    if (this.tones.isSounding) return
    if (this.spokenMs > 0 && this.silentMs >= turnMs) return this.conclude("human", "short_greeting")
    if (this.spokenMs === 0 && this.ms >= initialSilenceMs) return this.conclude("unknown", "silence")
    if (this.ms >= totalMs) this.conclude("unknown", "undecided")
  }

  private conclude(result: Answerer, reason: AnswererReason) {
    this.verdict = result
    this.verdictMs = this.ms
    this.found({ _tag: "Verdict", result, reason, atMs: this.ms })
  }
}
