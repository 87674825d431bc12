import type { SampleRate } from "../Audio.ts"

/**
 * A low-pass filter for one pair of rates, cut into the phases of a rational resampler: `up` phases, one of which gives
 * each output sample, and `down` steps of the phase from one output to the next.
 */
export interface Filter {
  readonly up: number
  readonly down: number
  /** The whole impulse response at the common rate, symmetric; its sum is `up`. */
  readonly response: Float64Array
  /** Taps of one phase: a multiple of four, padded with zeros on the side of the oldest sample. */
  readonly taps: number
  /** The phases one after another, each from the oldest sample to the newest. */
  readonly phases: Float64Array
  /** Delay in input samples. */
  readonly delay: number
}

/** Stop-band attenuation that the Kaiser window is designed for, in dB. */
const attenuation = 80
/** Edges of the pass band and the stop band as parts of the lower rate. */
const passEdge = 0.425
const stopEdge = 0.5

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

/** Modified Bessel function of the first kind, order zero, by its power series. */
const bessel = (x: number): number => {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-18; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

const kaiserResponse = (cutoff: number, half: number): Float64Array => {
  const beta = 0.1102 * (attenuation - 8.7)
  const tap = (n: number) => {
    const away = (n - half) / half
    return 2 * cutoff * sinc(2 * cutoff * (n - half)) * bessel(beta * Math.sqrt(1 - away * away))
  }
  return Float64Array.from({ length: 2 * half + 1 }, (_, n) => tap(n))
}

const design = (from: SampleRate, to: SampleRate): Filter => {
  const divisor = commonDivisor(from, to)
  const up = to / divisor
  const down = from / divisor
  const common = from * up
  const lower = Math.min(from, to)
  const transition = (2 * Math.PI * (stopEdge - passEdge) * lower) / common
  const order = Math.ceil((attenuation - 7.95) / (2.285 * transition))
  const half = Math.ceil(order / 2 / up) * up
  const shape = kaiserResponse(((passEdge + stopEdge) * lower) / 2 / common, half)
  const gain = up / shape.reduce((sum, value) => sum + value, 0)
  const response = shape.map((value) => value * gain)
  const taps = Math.ceil(response.length / up / 4) * 4
  const phases = new Float64Array(up * taps)
  for (let n = 0; n < response.length; n++) {
    const phase = n % up
    const age = (n - phase) / up
    phases[phase * taps + taps - 1 - age] = response[n] ?? 0
  }
  return { up, down, response, taps, phases, delay: half / up }
}

const designed = new Map<string, Filter>()

/** The filter between two rates; designed once, shared by every stream of that pair. */
export const filterFor = (from: SampleRate, to: SampleRate): Filter => {
  const key = `${from}:${to}`
  const known = designed.get(key)
  if (known !== undefined) return known
  const filter = design(from, to)
  designed.set(key, filter)
  return filter
}
