import type { AudioChunk } from "../Audio.ts"
import type { MediaTap } from "../Transport.ts"

/** Those who listen in on one call. Each hears of everything from when it is added until it is removed. */
export class Taps implements MediaTap {
  private members: ReadonlyArray<MediaTap> = []

  get isEmpty(): boolean {
    return this.members.length === 0
  }

  add(tap: MediaTap) {
    this.members = [...this.members, tap]
  }

  remove(tap: MediaTap) {
    this.members = this.members.filter((member) => member !== tap)
  }

  clear() {
    this.members = []
  }

  missed(chunks: ReadonlyArray<AudioChunk>) {
    for (const tap of this.members) tap.missed(chunks)
  }

  heard(chunk: AudioChunk, now: number) {
    for (const tap of this.members) tap.heard(chunk, now)
  }

  sent(frame: AudioChunk, playsAt: number, now: number) {
    for (const tap of this.members) tap.sent(frame, playsAt, now)
  }

  unheard(ms: number) {
    for (const tap of this.members) tap.unheard(ms)
  }
}
