import { type AudioChunk, type AudioFormat, bytesForMs } from "../Audio.ts"
import type { MediaEvent } from "../Transport.ts"

/** ms of audio kept for a reader that is late. */
const keptMs = 2000
/** Events that are not audio are few; more than this many unread ones are a fault of the reader. */
const keptEvents = 256

/** Events that nobody has read yet: at most 2 s of audio, the oldest of which goes first, and a bounded number of others. */
export class EventBuffer {
  dropped = 0

  private events: Array<MediaEvent> = []
  private audioBytes = 0
  private others = 0
  private readonly audioBound: number

  constructor(format: AudioFormat) {
    this.audioBound = bytesForMs(format, keptMs)
  }

  push(event: MediaEvent) {
    this.events.push(event)
    if (event._tag === "Audio") {
      this.audioBytes += event.chunk.length
      while (this.audioBytes > this.audioBound && this.events.length > 1) this.drop(true)
    } else if (++this.others > keptEvents) {
      this.drop(false)
    }
  }

  /** The audio that is kept, oldest first; it stays. */
  audio(): ReadonlyArray<AudioChunk> {
    return this.events.flatMap((event) => (event._tag === "Audio" ? [event.chunk] : []))
  }

  /** Everything kept, oldest first; the buffer is empty afterwards. */
  takeAll(): ReadonlyArray<MediaEvent> {
    const events = this.events
    this.events = []
    this.audioBytes = 0
    this.others = 0
    return events
  }

  private drop(audio: boolean) {
    const at = this.events.findIndex((event) => (event._tag === "Audio") === audio)
    const [oldest] = this.events.splice(at, 1)
    this.dropped++
    if (oldest?._tag === "Audio") this.audioBytes -= oldest.chunk.length
    else this.others--
  }
}
