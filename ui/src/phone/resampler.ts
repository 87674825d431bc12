/** Zero crossings of the kernel on each side: the more, the sharper the low-pass. */
const CROSSINGS = 12
/** Of the narrower band, how much is kept. */
const ROLLOFF = 0.92
/** Table entries from one zero crossing to the next. */
const STEPS = 64

/** A sinc under a Hann window, as a table; index 0 is the middle. */
const kernel = Float32Array.from({ length: CROSSINGS * STEPS + 2 }, (_, index) => {
  const x = index / STEPS
  if (x === 0) return 1
  if (x >= CROSSINGS) return 0
  return (Math.sin(Math.PI * x) / (Math.PI * x)) * (0.5 + 0.5 * Math.cos((Math.PI * x) / CROSSINGS))
})

/**
 * Changes the sample rate of a stream that comes in pieces, Hz to Hz, without aliases: each output sample is the input under a
 * windowed sinc. It is late by half the kernel: 12 samples of the slower rate.
 */
export class Resampler {
  private readonly step: number
  private readonly cutoff: number
  private readonly half: number
  private readonly isSame: boolean
  private history: Float32Array = new Float32Array(0)
  /** Where the next output sample is, in samples of `history`. */
  private position: number

  constructor(from: number, to: number) {
    this.isSame = from === to
    this.step = from / to
    this.cutoff = Math.min(1, to / from) * ROLLOFF
    this.half = Math.ceil(CROSSINGS / this.cutoff)
    this.position = this.half
    this.reset()
  }

  /** Forgets what came before: the next piece is another sound. */
  reset() {
    this.history = new Float32Array(this.half)
    this.position = this.half
  }

  convert(samples: Float32Array): Float32Array {
    if (this.isSame) return samples
    const input = new Float32Array(this.history.length + samples.length)
    input.set(this.history)
    input.set(samples, this.history.length)
    const last = input.length - this.half - 1
    const count = this.position > last ? 0 : Math.floor((last - this.position) / this.step) + 1
    const output = new Float32Array(count)
    for (let index = 0; index < count; index++) output[index] = this.at(input, this.position + index * this.step)
    const next = this.position + count * this.step
    const dropped = Math.max(0, Math.floor(next) - this.half)
    this.history = input.slice(dropped)
    this.position = next - dropped
    return output
  }

  private at(input: Float32Array, position: number): number {
    const first = Math.max(0, Math.ceil(position - this.half))
    const last = Math.min(input.length - 1, Math.floor(position + this.half))
    let sum = 0
    for (let index = first; index <= last; index++) {
      const place = Math.abs(index - position) * this.cutoff * STEPS
      const entry = Math.min(Math.floor(place), kernel.length - 2)
      const low = kernel[entry] ?? 0
      sum += (input[index] ?? 0) * (low + ((kernel[entry + 1] ?? 0) - low) * Math.min(1, place - entry))
    }
    return sum * this.cutoff
  }
}
