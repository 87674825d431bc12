import type { MediaSocket, TransportError } from "../Transport.ts"

/** The window over which a peer's behaviour is judged, ms. */
const windowMs = 10_000
/** Audio faster than this many times real time, over a window, is abuse. */
const maxSpeed = 3
/** Messages of any kind in a window: ten times what a carrier with 20 ms frames sends. */
const maxFrames = 5000
/** Bytes of audio that are too many in whatever format. */
const noBound = 0x3fffffff
/** Pings that may stay unanswered. */
const maxUnanswered = 2

export interface WatchOptions {
  /** ms without any message after which the peer counts as gone. */
  readonly idleMs: number
  readonly pingMs: number
  /** Malformed messages tolerated in 10 s. */
  readonly maxMalformed: number
}

export type Complaint = { readonly reason: TransportError["reason"]; readonly message: string; readonly code: number }

const abuse = (message: string): Complaint => ({ reason: "protocol-abuse", message, code: 1008 })
const silence = (message: string): Complaint => ({ reason: "silent-peer", message, code: 1006 })

/**
 * Judges a peer: floods, garbage, silence. The per-message part only counts; the clock is looked at in `check`.
 * Every method gives a complaint when it is enough.
 */
export class Watch {
  framesIn = 0
  malformed = 0

  private readonly socket: MediaSocket
  private readonly options: WatchOptions
  private maxAudioBytes = noBound
  private windowFrames = 0
  private windowMalformed = 0
  private windowAudio = 0
  private windowEnds: number
  private seenFrames = 0
  private heardAt: number
  private nextPing: number
  private unanswered = 0
  private readonly answered = () => {
    this.unanswered = 0
  }

  constructor(socket: MediaSocket, options: WatchOptions, now: number) {
    this.socket = socket
    this.options = options
    this.heardAt = now
    this.windowEnds = now + windowMs
    this.nextPing = now + options.pingMs
  }

  /** The stream has a format: how many bytes a second of its audio takes is known from now on. */
  expectAudio(bytesPerSecond: number) {
    this.maxAudioBytes = (bytesPerSecond * maxSpeed * windowMs) / 1000
  }

  frame(): Complaint | undefined {
    this.framesIn++
    return ++this.windowFrames > maxFrames ? abuse("The peer floods the media socket with messages.") : undefined
  }

  audio(bytes: number): Complaint | undefined {
    this.windowAudio += bytes
    return this.windowAudio > this.maxAudioBytes
      ? abuse(`The peer sends audio more than ${maxSpeed} times faster than real time.`)
      : undefined
  }

  garbage(): Complaint | undefined {
    this.malformed++
    return ++this.windowMalformed > this.options.maxMalformed
      ? abuse("The peer sends messages that its media protocol does not have.")
      : undefined
  }

  /** To be called about once a second. */
  check(now: number): Complaint | undefined {
    if (now >= this.windowEnds) {
      this.windowEnds = now + windowMs
      this.windowFrames = 0
      this.windowMalformed = 0
      this.windowAudio = 0
    }
    if (this.framesIn !== this.seenFrames) {
      this.seenFrames = this.framesIn
      this.heardAt = now
      this.unanswered = 0
    } else if (now - this.heardAt >= this.options.idleMs) {
      return silence(`The peer sent nothing for ${this.options.idleMs / 1000} s.`)
    }
    return now >= this.nextPing ? this.ping(now) : undefined
  }

  private ping(now: number): Complaint | undefined {
    if (this.unanswered >= maxUnanswered) return silence("The peer does not answer pings any more.")
    this.unanswered++
    this.nextPing = now + this.options.pingMs
    this.socket.ping(this.answered)
    return undefined
  }
}
