import { frameSamples, highPassHz, sampleRate } from "./thresholds.ts"

/** A Butterworth filter of the second order (bilinear transform). */
const turn = Math.tan((Math.PI * highPassHz) / sampleRate)
const norm = 1 / (1 + Math.SQRT2 * turn + turn * turn)
const feedback = { one: 2 * (turn * turn - 1) * norm, two: (1 - Math.SQRT2 * turn + turn * turn) * norm } as const

/** Takes hum, rumble and any constant out of one stream of frames. */
export class HighPass {
  private readonly output = new Float64Array(frameSamples)
  private one = 0
  private two = 0

  /** The filtered frame; it is overwritten by the next one. */
  next(samples: Int16Array): Float64Array {
    let { one, two } = this
    for (let i = 0; i < frameSamples; i++) {
      const now = (samples[i] ?? 0) - feedback.one * one - feedback.two * two
      this.output[i] = norm * (now - 2 * one + two)
      two = one
      one = now
    }
    this.one = one
    this.two = two
    return this.output
  }
}
