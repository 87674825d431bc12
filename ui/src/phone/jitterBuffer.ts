/** Of one rate, in samples. */
export interface BufferSizes {
  /** How much waits before playing begins, unless nothing more comes for as long. */
  readonly target: number
  /** More than this is never kept: the oldest is dropped, so that what is heard stays near what is said. */
  readonly most: number
}

type Entry = { readonly samples: Float32Array } | { readonly mark: string }

/**
 * What is to be played, in order, with the marks in between. Evens out how audio arrives: playing begins when a little has gathered,
 * and again so after it ran dry.
 */
export class JitterBuffer {
  private readonly sizes: BufferSizes
  private readonly reached: (mark: string) => void
  private entries: Array<Entry> = []
  /** How much of the first entry was played. */
  private offset = 0
  private queued = 0
  private waited = 0
  private isPlaying = false

  constructor(sizes: BufferSizes, reached: (mark: string) => void) {
    this.sizes = sizes
    this.reached = reached
  }

  push(samples: Float32Array) {
    if (samples.length === 0) return
    this.entries.push({ samples })
    this.queued += samples.length
    if (this.queued > this.sizes.most) this.skip(this.queued - this.sizes.target)
  }

  /** `reached` is told when everything that was pushed before has been played. */
  mark(name: string) {
    if (this.queued === 0) this.reached(name)
    else this.entries.push({ mark: name })
  }

  /** Throws away what waits, its marks too. */
  clear() {
    this.entries = []
    this.offset = 0
    this.queued = 0
    this.waited = 0
    this.isPlaying = false
  }

  /** Fills `output` with what is next, with silence where there is nothing. */
  pull(output: Float32Array) {
    if (!this.isPlaying && this.queued > 0) {
      this.waited += output.length
      this.isPlaying = this.queued >= this.sizes.target || this.waited >= this.sizes.target
    }
    const taken = this.isPlaying ? this.take(output.length, (piece, at) => output.set(piece, at)) : 0
    output.fill(0, taken)
    if (this.queued > 0) return
    this.isPlaying = false
    this.waited = 0
  }

  /** What is skipped counts as played: whoever waits for a mark goes on. */
  private skip(count: number) {
    this.take(count, () => {})
  }

  private take(count: number, use: (piece: Float32Array, at: number) => void): number {
    let taken = 0
    while (taken < count || this.isAtMark()) {
      const entry = this.entries[0]
      if (entry === undefined) break
      if ("mark" in entry) {
        this.entries.shift()
        this.reached(entry.mark)
        continue
      }
      const piece = entry.samples.subarray(this.offset, this.offset + count - taken)
      use(piece, taken)
      taken += piece.length
      this.offset += piece.length
      this.queued -= piece.length
      if (this.offset < entry.samples.length) continue
      this.entries.shift()
      this.offset = 0
    }
    return taken
  }

  private isAtMark(): boolean {
    const entry = this.entries[0]
    return entry !== undefined && "mark" in entry
  }
}
