import type { AudioChunk } from "../Audio.ts"

const smallest = 16

/** First in, first out; a ring that grows by doubling and gives its memory back when emptied. */
export class FrameQueue {
  private ring: Array<AudioChunk | undefined> = []
  private head = 0
  size = 0

  push(frame: AudioChunk) {
    if (this.size === this.ring.length) this.grow()
    this.ring[(this.head + this.size) & (this.ring.length - 1)] = frame
    this.size++
  }

  shift(): AudioChunk | undefined {
    if (this.size === 0) return undefined
    const frame = this.ring[this.head]
    this.ring[this.head] = undefined
    this.head = (this.head + 1) & (this.ring.length - 1)
    this.size--
    if (this.size === 0 && this.ring.length > smallest) this.clear()
    return frame
  }

  clear() {
    this.ring = []
    this.head = 0
    this.size = 0
  }

  private grow() {
    const length = this.ring.length
    const larger = Math.max(smallest, length * 2)
    this.ring = Array.from({ length: larger }, (_, i) =>
      i < length ? this.ring[(this.head + i) & (length - 1)] : undefined
    )
    this.head = 0
  }
}
