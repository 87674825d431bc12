import type { Playout } from "../Transport.ts"

/** Silence longer than this (ms) ends an utterance; a shorter gap is a gap inside it. */
const utteranceGapMs = 500

/**
 * The figures of one direction of playout, in frames since the stream began and in ms of the current utterance. Pure
 * arithmetic: every method takes the time (monotonic ms).
 *
 * Two anchors: one for the schedule by which frames leave, moved only when the line ran dry, and one for what is heard,
 * moved by the carrier's marks and by gaps.
 */
export class Ledger {
  /** Frames accepted and sent since the stream began. */
  accepted = 0
  sent = 0
  /** Gaps of more than a frame inside an utterance. */
  underruns = 0

  private readonly frameMs: number
  private readonly leadFrames: number
  /** The first frame of the current utterance; the next frame begins another one if `fresh`. */
  private base = 0
  private fresh = true
  private paceFrame = 0
  private paceAt = 0
  private heardFrom = 0
  private heardAt = 0

  constructor(frameMs: number, leadFrames: number) {
    this.frameMs = frameMs
    this.leadFrames = Math.max(1, leadFrames)
  }

  /** A frame comes while none is waiting: after silence the schedule begins anew, and perhaps an utterance. */
  arrive(now: number) {
    const dryMs = this.dryMs(now)
    if (dryMs <= 0) return
    if (dryMs > utteranceGapMs) this.begin(now)
    this.paceAt = now
    this.paceFrame = this.sent
  }

  /** How many frames may be on their way in addition to those that are. */
  due(now: number): number {
    return Math.floor((now - this.paceAt) / this.frameMs) + this.leadFrames - (this.sent - this.paceFrame)
  }

  /** One frame leaves. */
  send(now: number) {
    const sentMs = this.sentMs()
    const gapMs = this.heardFrom + (now - this.heardAt) - sentMs
    if (gapMs > 0) {
      if (gapMs > this.frameMs && this.sent > this.base) this.underruns++
      this.heardFrom = sentMs
      this.heardAt = now
    }
    this.sent++
  }

  /** The carrier says that everything before the frame `position` was played. */
  played(position: number, now: number) {
    if (position < this.base) return
    this.heardFrom = (position - this.base) * this.frameMs
    this.heardAt = now
  }

  /** Forgets what is queued; the next frame begins an utterance. Gives the ms that had been heard. */
  clear(now: number): number {
    const heardMs = this.heardMs(now)
    this.accepted = this.sent
    this.base = this.sent
    this.heardFrom = 0
    this.heardAt = now
    this.fresh = true
    return heardMs
  }

  queuedMs(): number {
    return (this.accepted - this.base) * this.frameMs
  }

  heardMs(now: number): number {
    return Math.max(0, Math.min(this.sentMs(), this.heardFrom + (now - this.heardAt)))
  }

  /** Whether everything before the frame `position` was heard, as far as time tells. */
  isHeard(position: number, now: number): boolean {
    return this.base + this.heardMs(now) / this.frameMs >= position
  }

  /** How long the line has been dry by the schedule, ms; negative: what was sent still plays for so long. */
  dryMs(now: number): number {
    return this.fresh ? Number.POSITIVE_INFINITY : now - this.paceAt - (this.sent - this.paceFrame) * this.frameMs
  }

  /** How long what was sent still plays, ms; 0 when the person hears nothing, as far as time tells. */
  remainingMs(now: number): number {
    return Math.max(0, this.sentMs() - this.heardFrom - (now - this.heardAt))
  }

  playout(now: number): Playout {
    return { queuedMs: this.queuedMs(), sentMs: this.sentMs(), heardMs: this.heardMs(now) }
  }

  private begin(now: number) {
    this.base = this.sent
    this.heardFrom = 0
    this.heardAt = now
    this.fresh = false
  }

  private sentMs() {
    return (this.sent - this.base) * this.frameMs
  }
}
