/** Cuts a stream of samples into frames of one length. A frame is good until the next one is asked for. */
export class Framer {
  private readonly frame: Float32Array
  private filled = 0

  constructor(length: number) {
    this.frame = new Float32Array(length)
  }

  push(samples: Float32Array, take: (frame: Float32Array) => void) {
    let from = 0
    while (from < samples.length) {
      const piece = samples.subarray(from, from + this.frame.length - this.filled)
      this.frame.set(piece, this.filled)
      this.filled += piece.length
      from += piece.length
      if (this.filled < this.frame.length) return
      this.filled = 0
      take(this.frame)
    }
  }
}
