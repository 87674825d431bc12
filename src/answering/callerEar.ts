import { type AudioChunk, type AudioFormat, bytesPerSample } from "../Audio.ts"
import { converter } from "../audio/converter.ts"
import { reader } from "../audio/samples.ts"
import { AnsweringDetector, type Finding } from "./detector.ts"
import { frameMs, frameSamples, sampleRate } from "./thresholds.ts"

/** A carrier that sends nothing for longer than this, ms, means silence by it; what is shorter is the network's delay. */
const gapMs = 500

/**
 * Gives a detector what a carrier sends: chunks of any length, in any format, cut into frames of 8 kHz. Time in which nothing
 * comes counts as silence.
 */
export class CallerEar {
  private readonly detector: AnsweringDetector
  private readonly format: AudioFormat
  private readonly convert: (chunk: AudioChunk) => AudioChunk
  private readonly frame = new Int16Array(frameSamples)
  private readonly chunk = new Int16Array(frameSamples)
  private filled = 0
  private readonly startedAt: number

  /** `now` is the clock of the media, ms: the call was answered now. */
  constructor(from: AudioFormat, now: number, found: (finding: Finding) => void) {
    this.detector = new AnsweringDetector(found)
    this.startedAt = now
    if (from.sampleRate === sampleRate) {
      this.format = from
      this.convert = (chunk) => chunk
    } else {
      this.format = { encoding: "pcm_s16le", sampleRate }
      const rated = converter(from, this.format)
      this.convert = (chunk) => rated.convert(chunk)
    }
  }

  get isDone(): boolean {
    return this.detector.isDone
  }

  /** A chunk in the carrier's format came at `now`. */
  hear(chunk: AudioChunk, now: number) {
    const audio = this.convert(chunk)
    const size = bytesPerSample(this.format)
    const count = Math.floor(audio.length / size)
    this.catchUp(now - (count * 1000) / sampleRate - gapMs)
    const read = reader[this.format.encoding]
    for (let at = 0; at < count && !this.isDone;) {
      const taken = Math.min(frameSamples - this.filled, count - at)
      read(audio, at * size, taken, this.chunk)
      this.frame.set(this.chunk.subarray(0, taken), this.filled)
      this.filled += taken
      at += taken
      if (this.filled === frameSamples) this.next()
    }
  }

  /** Nothing came until `now`. */
  wait(now: number) {
    this.catchUp(now - gapMs)
  }

  private catchUp(until: number) {
    if (until <= this.startedAt + this.detector.elapsedMs) return
    // The whole gap is silence, not only what is beyond the delay that is let pass.
    const silentUntil = until + gapMs - this.startedAt
    while (!this.isDone && this.detector.elapsedMs + frameMs <= silentUntil) {
      this.frame.fill(0, this.filled)
      this.next()
    }
  }

  private next() {
    this.filled = 0
    this.detector.frame(this.frame)
  }
}
