/** Samples of a frame of 16-bit stereo are this many bytes. */
export const groupBytes = 4

/** The part of a timeline that is muted, in samples; open where it has not ended. */
interface Muted {
  readonly from: number
  to: number
}

/**
 * The two channels of a recording on one line of time, of which only the part is kept that was not written yet. Positions are
 * samples since the recording began; where nothing was put there is silence.
 */
export class Timeline {
  /** Everything before it was taken. */
  base = 0
  readonly left: Track
  readonly right: Track

  private muted: Array<Muted> = []

  /** Room for `usual` samples; it grows up to `most`. */
  constructor(usual: number, most: number) {
    this.left = new Track(usual, most)
    this.right = new Track(usual, most)
  }

  /** Silence on both channels from `position` on, whatever was or will be put there. */
  mute(position: number) {
    this.muted.push({ from: position, to: Number.POSITIVE_INFINITY })
  }

  /** The silence that `mute` began ends at `position`. */
  unmute(position: number) {
    const last = this.muted.at(-1)
    if (last !== undefined) last.to = Math.min(last.to, position)
  }

  /**
   * Takes what lies before `position`, as much as `into` holds, as 16-bit little-endian samples, left and right in turn.
   * Gives how many bytes it wrote.
   */
  take(position: number, into: Uint8Array): number {
    const count = Math.min(position - this.base, Math.floor(into.length / groupBytes))
    if (count <= 0) return 0
    const end = this.base + count
    this.left.write(count, into, 0)
    this.right.write(count, into, 2)
    for (const { from, to } of this.muted) {
      const first = Math.max(from, this.base) - this.base
      const last = Math.min(to, end) - this.base
      if (first < last) into.fill(0, first * groupBytes, last * groupBytes)
    }
    this.base = end
    this.left.release(end)
    this.right.release(end)
    if (this.muted.length > 0) this.muted = this.muted.filter(({ to }) => to > end)
    return count * groupBytes
  }
}

/** One channel. It is put together at its end, and its end may be changed as long as it was not taken. */
export class Track {
  /** Where the next samples go. */
  end = 0

  private base = 0
  private samples: Int16Array
  private readonly most: number

  constructor(usual: number, most: number) {
    this.samples = new Int16Array(usual)
    this.most = most
  }

  /** Room for `count` samples at the end, to be filled at once. Undefined: it lies farther ahead than is kept. */
  append(count: number): Int16Array | undefined {
    const at = this.end - this.base
    if (!this.holds(at + count)) return undefined
    this.end += count
    return this.samples.subarray(at, at + count)
  }

  /** Leaves silence up to `position`. */
  skipTo(position: number) {
    this.end = Math.max(this.end, position)
  }

  /** Forgets what lies behind `position`, as far as it was not taken. */
  cutTo(position: number) {
    if (position >= this.end) return
    const end = Math.max(position, this.base)
    this.samples.fill(0, end - this.base, this.end - this.base)
    this.end = end
  }

  /** Moves everything from `start` on forward in time by `by` samples, over the silence before it. Gives how far it went. */
  pullForward(start: number, by: number): number {
    const from = start - this.base
    const moved = Math.min(by, from)
    if (moved <= 0) return 0
    const end = this.end - this.base
    this.samples.copyWithin(from - moved, from, end)
    this.samples.fill(0, end - moved, end)
    this.end -= moved
    return moved
  }

  /** Writes the first `count` samples that were not taken to every second word of `into`, beginning at byte `offset`. */
  write(count: number, into: Uint8Array, offset: number) {
    const { samples } = this
    for (let i = 0, at = offset; i < count; i++, at += groupBytes) {
      const sample = samples[i] ?? 0
      into[at] = sample
      into[at + 1] = sample >> 8
    }
  }

  /** What lies before `position` was taken. */
  release(position: number) {
    const gone = position - this.base
    this.samples.copyWithin(0, gone)
    this.samples.fill(0, Math.max(0, this.samples.length - gone))
    this.base = position
    this.end = Math.max(this.end, position)
  }

  private holds(count: number): boolean {
    if (count <= this.samples.length) return true
    if (count > this.most) return false
    const larger = new Int16Array(Math.min(this.most, Math.max(count, this.samples.length * 2)))
    larger.set(this.samples)
    this.samples = larger
    return true
  }
}
