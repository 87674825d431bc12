import { type AudioChunk, type AudioFormat, bytesForMs } from "../Audio.ts"
import { fadedIn } from "../audio/fades.ts"
import { type Framer, framer } from "../audio/framer.ts"
import type { Cleared, Playout as Figures } from "../Transport.ts"
import { FrameQueue } from "./frameQueue.ts"
import { Ledger } from "./ledger.ts"
import { type Mark, type MarkLine, Marks } from "./marks.ts"
import type { Taps } from "./taps.ts"
import type { Wire } from "./wire.ts"

/** ms of audio that may wait. */
const boundMs = 60_000
/** Frames that one tick may send, so that a backlog after a stall goes out in order without a flood. */
const maxBurst = 25
/** The rest of a frame is filled up with silence when nothing came for this long (ms) and the line is about to run dry. */
const idleMs = 40
/** How much longer than the audio itself (ms) a carrier may take to answer a mark. */
const markGraceMs = 2000
/** One for each frame of 20 ms that may wait, and some for the carrier's buffer. */
const maxMarks = boundMs / 20 + 1000

/** How audio for one stream is cut and how far it may run ahead. */
export interface PlayoutOptions {
  readonly format: AudioFormat
  readonly frameMs: number
  /** Frames that may be at the carrier before their time. */
  readonly leadFrames: number
}

/** What the playout tells its stream. */
export interface PlayoutEvents {
  readonly mark: (name: string, heardMs: number, cleared: boolean) => void
  /** There is work for ticks to come. */
  readonly wake: () => void
}

/**
 * The paced way to the phone: cuts audio into frames, sends each when it is due, answers marks, and keeps the ledger.
 * Everything is synchronous; `now` is monotonic ms.
 */
export class Playout {
  private readonly wire: Wire
  private readonly events: PlayoutEvents
  /** They learn of every frame when it is sent, and of those that are not heard. */
  private readonly taps: Taps
  private readonly ledger: Ledger
  private readonly framer: Framer
  private readonly format: AudioFormat
  private readonly frameMs: number
  private readonly frameBytes: number
  private readonly boundBytes: number
  private readonly queue = new FrameQueue()
  private readonly marks = new Marks()
  private room: Array<() => void> = []
  /** Bytes that the framer holds, less than a frame. */
  private rest = 0
  private pushedAt = 0
  /** The next frame follows a clear: it fades in. */
  private cut = false
  /** There are marks; whether their audio is out is to be seen with each frame. */
  private marked = false
  private endedAt = Number.POSITIVE_INFINITY
  private readonly markLine: MarkLine

  constructor(wire: Wire, options: PlayoutOptions, events: PlayoutEvents, taps: Taps) {
    this.wire = wire
    this.events = events
    this.taps = taps
    this.format = options.format
    this.frameMs = options.frameMs
    this.ledger = new Ledger(options.frameMs, options.leadFrames)
    this.framer = framer(options.format, options.frameMs)
    this.frameBytes = this.framer.frameBytes
    this.boundBytes = bytesForMs(options.format, boundMs)
    this.markLine = {
      sendMark: (name) => wire.command({ _tag: "Mark", name }),
      isSent: (position) => this.ledger.sent >= position,
      isHeard: (position, at) => this.ledger.isHeard(position, at)
    }
  }

  get underruns() {
    return this.ledger.underruns
  }

  /** False: too much is waiting, nothing was taken. */
  push(chunk: AudioChunk, now: number): boolean {
    if (this.waitingBytes() + chunk.length > this.boundBytes) return false
    if (this.rest === 0 && chunk.length === this.frameBytes) {
      this.accept(chunk, now)
    } else {
      this.pushedAt = now
      this.rest = (this.rest + chunk.length) % this.frameBytes
      for (const frame of this.framer.push(chunk)) this.accept(frame, now)
    }
    if (this.queue.size > 0 || this.rest > 0) this.events.wake()
    return true
  }

  /** Does what is due; true while there is more to do later. */
  tick(now: number): boolean {
    if (this.queue.size > 0) this.pump(now)
    else if (this.rest > 0 && now - this.pushedAt >= idleMs && this.ledger.dryMs(now) >= -idleMs) this.flushRest(now)
    if (this.marked) this.marks.advance(this.markLine, now)
    this.marked = this.marks.size > 0
    if (this.room.length > 0 && this.waitingBytes() < this.boundBytes / 2) {
      const listeners = this.room
      this.room = []
      for (const listener of listeners) listener()
    }
    return this.isBusy()
  }

  mark(name: string, now: number) {
    if (this.isEnded()) return
    if (this.marks.size >= maxMarks) this.events.mark(name, this.ledger.heardMs(now), true)
    else this.addMark(now, false, (mark, cleared) => this.events.mark(name, mark.heardMs, cleared))
  }

  /** Calls `done` when everything queued was heard or thrown away; gives the function that forgets it. */
  whenDrained(done: () => void, now: number): () => void {
    this.flushRest(now)
    const isQuiet =
      this.isEnded() || (this.queue.size === 0 && this.marks.size === 0 && this.ledger.dryMs(now) >= markGraceMs)
    if (isQuiet) {
      done()
      return () => {}
    }
    const mark = this.addMark(now, true, done)
    return () => void this.marks.remove(mark)
  }

  /** The carrier returned a mark. One of an older generation, or an unknown one, changes nothing. */
  reached(wireName: string, now: number) {
    const heard = this.marks.take(wireName)
    const last = heard.at(-1)
    if (last !== undefined) this.ledger.played(last.position, now)
    for (const mark of heard) mark.settle(mark, false)
  }

  /** Forgets what waits and silences the carrier before anything else can be sent; then answers the marks. */
  clear(now: number): Cleared {
    this.queue.clear()
    const queuedMs = this.ledger.queuedMs() + this.restMs()
    this.forgetRest()
    if (!this.isEnded()) this.wire.command({ _tag: "Clear" })
    if (!this.taps.isEmpty) this.taps.unheard(this.ledger.remainingMs(now))
    const heardMs = this.ledger.clear(Math.min(now, this.endedAt))
    this.cut = true
    this.marks.clear()
    return { heardMs, droppedMs: queuedMs - heardMs }
  }

  /** Calls the listener once there is room for a producer that was told false. */
  whenRoom(listener: () => void): () => void {
    if (this.isEnded()) listener()
    else this.room.push(listener)
    this.events.wake()
    return () => {
      this.room = this.room.filter((each) => each !== listener)
    }
  }

  figures(now: number): Figures {
    return { ...this.ledger.playout(Math.min(now, this.endedAt)), queuedMs: this.ledger.queuedMs() + this.restMs() }
  }

  /** The media is over: nothing will be heard any more, and nobody waits for it. */
  end(now: number) {
    this.endedAt = now
    if (!this.taps.isEmpty) this.taps.unheard(this.ledger.remainingMs(now))
    this.queue.clear()
    this.forgetRest()
    const listeners = this.room
    this.room = []
    this.marks.end()
    for (const listener of listeners) listener()
  }

  private accept(whole: AudioChunk, now: number) {
    const frame = this.cut ? fadedIn(this.format, whole) : whole
    this.cut = false
    if (this.queue.size === 0) {
      this.ledger.arrive(now)
      this.ledger.accepted++
      if (this.ledger.due(now) > 0 && this.wire.isWritable(now)) return this.send(frame, now)
    } else {
      this.ledger.accepted++
    }
    this.queue.push(frame)
  }

  private pump(now: number) {
    let due = Math.min(this.ledger.due(now), maxBurst)
    if (due <= 0 || !this.wire.isWritable(now)) return
    for (let frame = this.queue.shift(); frame !== undefined; frame = this.queue.shift()) {
      this.send(frame, now)
      if (--due === 0) return
    }
  }

  private send(frame: AudioChunk, now: number) {
    if (!this.taps.isEmpty) this.taps.sent(frame, now + this.ledger.remainingMs(now), now)
    this.ledger.send(now)
    this.wire.audio(frame)
    if (this.marked) this.marks.announce(this.markLine)
  }

  /** The frame in which the audio before a mark ends belongs to it, also where other audio fills it up. */
  private addMark(now: number, strict: boolean, settle: Mark["settle"]): Mark {
    const position = this.ledger.accepted + (this.rest > 0 ? 1 : 0)
    const heardMs = this.ledger.queuedMs() + this.restMs()
    const deadline = now + heardMs - this.ledger.heardMs(now) + markGraceMs
    const mark = this.marks.add({ position, heardMs, deadline, strict, settle })
    this.marked = true
    this.marks.announce(this.markLine)
    this.events.wake()
    return mark
  }

  private flushRest(now: number) {
    const frame = this.framer.flush()
    this.rest = 0
    if (frame !== undefined) this.accept(frame, now)
  }

  private forgetRest() {
    this.framer.clear()
    this.rest = 0
  }

  private restMs() {
    return (this.rest / this.frameBytes) * this.frameMs
  }

  private waitingBytes() {
    return this.queue.size * this.frameBytes + this.rest
  }

  private isEnded() {
    return this.endedAt !== Number.POSITIVE_INFINITY
  }

  private isBusy() {
    return this.queue.size > 0 || this.rest > 0 || this.marks.size > 0 || this.room.length > 0
  }
}
