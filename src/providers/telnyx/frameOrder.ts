import type { AudioChunk } from "../../Audio.ts"

/** Frames that are kept back while one before them is missing, 20 ms each. */
const window = 3

/** Gaps in a row, none of which was ever filled, after which the numbers are taken not to count the frames. */
const hopeless = 5

/** A number that lies this far behind is no late frame: the count began anew. */
const restart = 50

/**
 * Puts the frames of one stream into the order of their numbers: Telnyx promises none. A missing frame is waited for while
 * three others come, and then given up; a late one is dropped. Frames in order are passed on at once.
 */
export class FrameOrder {
  private next: number | undefined
  private readonly held = new Map<number, AudioChunk>()
  private gaps = 0

  /** The audio to go on with after this frame; undefined while a frame before it is waited for, or when it came too late. */
  take(number: number, chunk: AudioChunk): AudioChunk | undefined {
    if (number === this.next && this.held.size === 0) {
      this.next = number + 1
      this.gaps = 0
      return chunk
    }
    return this.reorder(number, chunk)
  }

  private reorder(number: number, chunk: AudioChunk): AudioChunk | undefined {
    const { next, held } = this
    if (this.gaps >= hopeless) return chunk
    if (next === undefined || number < next - restart) {
      this.next = number + 1
      const before = this.release()
      return before.length === 0 ? chunk : Buffer.concat([...before, chunk])
    }
    if (number < next) return undefined
    held.set(number, chunk)
    if (number === next) {
      this.gaps = 0
      return Buffer.concat(this.consecutive())
    }
    if (held.size < window) return undefined
    this.gaps++
    this.next = Math.max(...held.keys()) + 1
    return Buffer.concat(this.release())
  }

  /** What is held from `next` on, without a gap. */
  private consecutive(): Array<AudioChunk> {
    const chunks: Array<AudioChunk> = []
    let at = this.next ?? 0
    for (let chunk = this.held.get(at); chunk !== undefined; chunk = this.held.get(at)) {
      chunks.push(chunk)
      this.held.delete(at)
      at++
    }
    this.next = at
    return chunks
  }

  /** Everything that is held, in order. */
  private release(): Array<AudioChunk> {
    const chunks = Array.from(this.held)
      .sort(([one], [other]) => one - other)
      .map(([, chunk]) => chunk)
    this.held.clear()
    return chunks
  }
}
