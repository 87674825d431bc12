import { type AudioChunk, type AudioFormat, bytesPerSample } from "../Audio.ts"
import { type Converter, converter } from "../audio/converter.ts"
import { reader } from "../audio/samples.ts"
import type { MediaTap, TransportInfo } from "../Transport.ts"
import { Timeline, type Track } from "./timeline.ts"

/** How far audio may lie beside the clock, ms, before it is put right. */
const slackMs = 60
/** How far the caller's audio may lie behind its time while nothing can be left out but speech, ms. */
const mostBehindMs = 500
/** No sample of what may be left out is farther from zero. */
const quiet = 256
/** How long audio can still be changed before it is written, ms: by a clear, or by a burst that fills the gap before it. */
const settleMs = 1000
/** ms of audio that there is room for from the start: what is still changed, and a second to be written. */
const usualMs = 2500
/** ms of audio that wait for a slow disk at the most. */
export const mostMs = 10_000

/** Part of a recording during which it was paused, ms since it began; undefined while it is. */
export interface PausedSpan {
  readonly fromMs: number
  readonly toMs: number | undefined
}

/** 8 kHz where the carrier speaks no more, else 16 kHz. */
export const recordingRate = ({
  incomingFormat,
  outgoingFormat
}: Pick<TransportInfo, "incomingFormat" | "outgoingFormat">) =>
  Math.max(incomingFormat.sampleRate, outgoingFormat.sampleRate) > 8000 ? 16_000 : 8000

const isQuiet = (sample: number) => Math.abs(sample) <= quiet

/** Decodes one direction's chunks into samples at the end of a track. */
const decoder = (from: AudioFormat, sampleRate: 8000 | 16_000, track: Track) => {
  const same = from.sampleRate === sampleRate
  const stored: AudioFormat = same ? from : { encoding: "pcm_s16le", sampleRate }
  const resample: Converter | undefined = same ? undefined : converter(from, stored)
  const read = reader[stored.encoding]
  const size = bytesPerSample(stored)
  return {
    convert: (chunk: AudioChunk): AudioChunk => (resample === undefined ? chunk : resample.convert(chunk)),
    samplesOf: (audio: AudioChunk): number => Math.floor(audio.length / size),
    /** The samples as they were put down; undefined: there is no room. */
    put: (audio: AudioChunk, count: number): Int16Array | undefined => {
      const into = track.append(count)
      if (into !== undefined) read(audio, 0, count, into)
      return into
    }
  }
}

/**
 * Puts the two sides of a call on one timeline while they pass: the caller left, by the time when each chunk came; the agent
 * right, by the time when each frame plays. Small deviations from the clock are kept, so that jitter tears no holes. Everything is
 * synchronous and without allocation but for views; `now` is the clock of the media, ms.
 */
export class Recorder implements MediaTap {
  readonly sampleRate: 8000 | 16_000

  /** Audio is lost because nobody took what was there. */
  private readonly overflow: () => void
  private startedAt: number
  private readonly settleMs: number
  private readonly timeline: Timeline
  private readonly slack: number
  private readonly mostBehind: number
  private readonly most: number
  private readonly caller: ReturnType<typeof decoder>
  private readonly agent: ReturnType<typeof decoder>
  /** The silence before what the caller said last: a burst may fill it. */
  private gapEnd = 0
  private gap = 0
  /** Something of the agent was put here that what `follows` it can follow. */
  private speaking = false
  private endsAt: number | undefined
  private readonly pauses: Array<{ readonly from: number; to: number | undefined }> = []

  /** `settleMs`: how long audio can still be changed before it is taken. */
  constructor(
    info: Pick<TransportInfo, "incomingFormat" | "outgoingFormat">,
    now: number,
    overflow: () => void,
    options: { readonly sampleRate?: 8000 | 16_000; readonly settleMs?: number } = {}
  ) {
    this.startedAt = now
    this.overflow = overflow
    this.sampleRate = options.sampleRate ?? recordingRate(info)
    this.settleMs = options.settleMs ?? settleMs
    const samples = (ms: number) => (ms * this.sampleRate) / 1000
    this.most = samples(mostMs)
    this.timeline = new Timeline(samples(usualMs), this.most)
    this.slack = samples(slackMs)
    this.mostBehind = samples(mostBehindMs)
    this.caller = decoder(info.incomingFormat, this.sampleRate, this.timeline.left)
    this.agent = decoder(info.outgoingFormat, this.sampleRate, this.timeline.right)
  }

  get isPaused(): boolean {
    const last = this.pauses.at(-1)
    return last !== undefined && last.to === undefined
  }

  /** Which parts are silent because the recording was paused. */
  get paused(): ReadonlyArray<PausedSpan> {
    const ms = (position: number) => Math.round((position * 1000) / this.sampleRate)
    return this.pauses.map(({ from, to }) => ({ fromMs: ms(from), toMs: to === undefined ? undefined : ms(to) }))
  }

  /** What came before the recording began belongs to it: it begins earlier by so much. To be called before everything else. */
  missed(chunks: ReadonlyArray<AudioChunk>) {
    for (const chunk of chunks) {
      const audio = this.caller.convert(chunk)
      const count = this.caller.samplesOf(audio)
      if (this.caller.put(audio, count) !== undefined) this.startedAt -= (count * 1000) / this.sampleRate
    }
  }

  /** A chunk ends when it comes. */
  heard(chunk: AudioChunk, now: number) {
    const audio = this.caller.convert(chunk)
    const count = this.caller.samplesOf(audio)
    const { left } = this.timeline
    const due = this.position(now) - count
    if (due - left.end > this.slack) this.leaveGap(due)
    else if (due < left.end) this.catchUp(due)
    const behind = left.end - due
    const put = this.caller.put(audio, count)
    if (put === undefined) this.overflow()
    else if (behind > this.slack && put.every(isQuiet)) left.cutTo(left.end - count)
  }

  sent(frame: AudioChunk, playsAt: number, now: number) {
    const audio = this.agent.convert(frame)
    const { right } = this.timeline
    const follows = this.speaking && playsAt > now
    const due = this.position(playsAt)
    if (!follows && (due - right.end > this.slack || !this.speaking)) right.skipTo(due)
    this.speaking = true
    const count = this.agent.samplesOf(audio)
    if (this.agent.put(audio, count) !== undefined) return
    // It lies too far ahead, or nobody took what was there before it.
    if (this.position(now) - this.timeline.base > this.most / 2) this.overflow()
    else right.skipTo(right.end + count)
  }

  unheard(ms: number) {
    this.timeline.right.cutTo(this.timeline.right.end - Math.round((ms * this.sampleRate) / 1000))
  }

  /** Both channels are silent from now on; time goes on. */
  pause(now: number) {
    if (this.isPaused) return
    const position = this.position(now)
    this.pauses.push({ from: position, to: undefined })
    this.timeline.mute(position)
    // What comes from now on must not come to lie before the pause, as what lies a little beside the clock would, or a burst.
    this.gap = 0
    this.timeline.left.skipTo(position)
    this.timeline.right.skipTo(position)
  }

  resume(now: number) {
    const last = this.pauses.at(-1)
    if (last === undefined || last.to !== undefined) return
    last.to = this.position(now)
    this.timeline.unmute(last.to)
    // Nor what the caller said before now behind it.
    this.gap = 0
    this.timeline.left.cutTo(last.to)
  }

  /** The recording ends: what was sent and is not heard yet does not belong to it. */
  stop(now: number) {
    if (this.endsAt !== undefined) return
    const position = this.position(now)
    this.timeline.right.cutTo(position)
    this.endsAt = Math.max(position, this.timeline.left.end, this.timeline.base)
    const last = this.pauses.at(-1)
    if (last !== undefined && last.to === undefined) last.to = this.endsAt
  }

  /**
   * Takes what cannot change any more, as much as `into` holds: 16-bit little-endian samples, left and right in turn. Gives the
   * number of bytes; after `stop` 0 means that there is nothing left.
   */
  take(now: number, into: Uint8Array): number {
    return this.timeline.take(this.endsAt ?? this.position(now - this.settleMs), into)
  }

  /** ms since the recording began. */
  elapsedMs(now: number): number {
    return Math.round(now - this.startedAt)
  }

  private position(at: number): number {
    return Math.max(0, Math.round(((at - this.startedAt) * this.sampleRate) / 1000))
  }

  private leaveGap(due: number) {
    const { left } = this.timeline
    this.gap = due - left.end
    this.gapEnd = due
    left.skipTo(due)
  }

  /**
   * The caller's audio would come to lie behind its time. A burst belongs into the gap before it. Otherwise (the carrier's clock is
   * fast, or a burst came when there was no gap) what is quiet is left out, and speech only when it is too much.
   */
  private catchUp(due: number) {
    const { left } = this.timeline
    if (this.gap > 0) {
      const moved = left.pullForward(this.gapEnd, Math.min(left.end - due, this.gap))
      this.gapEnd -= moved
      this.gap = moved === 0 ? 0 : this.gap - moved
    }
    if (left.end - due > this.mostBehind) left.cutTo(due)
  }
}
