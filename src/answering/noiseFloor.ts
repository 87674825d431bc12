import { frameMs, loudestNoiseDbfs, noiseWindowMs, quietestNoiseDbfs } from "./thresholds.ts"

const frames = noiseWindowMs / frameMs

/** The noise of a line: the quietest moment of the last 1.5 s, over three frames each. */
export class NoiseFloor {
  private readonly levels = new Float64Array(frames).fill(Number.POSITIVE_INFINITY)
  private at = 0
  private last = Number.NaN
  private before = Number.NaN

  /** Takes a frame's level, gives the noise, both in dB below full scale. */
  next(dbfs: number): number {
    const mean = Number.isNaN(this.before) ? dbfs : (dbfs + this.last + this.before) / 3
    this.before = this.last
    this.last = dbfs
    this.levels[this.at] = mean
    this.at = (this.at + 1) % frames
    let floor = loudestNoiseDbfs
    for (let i = 0; i < frames; i++) floor = Math.min(floor, this.levels[i] ?? floor)
    return Math.max(quietestNoiseDbfs, floor)
  }
}
