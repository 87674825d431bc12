import { filterFor } from "../../src/audio/filter.ts"
import { decodeTable, encodeTable } from "../companding.ts"

/** The longest message that is converted at once, samples. */
const most = 4096

/** Taps for samples from the oldest to the newest, so many that it is a multiple of four. */
const forward = (taps: Float64Array, atLeast = taps.length) => {
  const padded = new Float64Array(Math.ceil(atLeast / 4) * 4)
  padded.set(taps)
  return padded.reverse()
}

/** Four sums at a time: a single one takes twice as long. */
const weighed = (taps: Float64Array, samples: Float64Array, from: number) => {
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let k = 0; k < taps.length; k += 4) {
    a += (taps[k] ?? 0) * (samples[from + k] ?? 0)
    b += (taps[k + 1] ?? 0) * (samples[from + k + 1] ?? 0)
    c += (taps[k + 2] ?? 0) * (samples[from + k + 2] ?? 0)
    d += (taps[k + 3] ?? 0) * (samples[from + k + 3] ?? 0)
  }
  return Math.max(-32_768, Math.min(32_767, Math.round(a + b + c + d)))
}

/**
 * By hand: mu-law at 8 kHz becomes linear samples at 16 kHz, by the taps of Switchboard's own filter (80 dB), so that it is as
 * good. One direction of one call.
 */
export const doubled = () => {
  const { response } = filterFor(8000, 16000)
  const even = forward(response.filter((_, n) => n % 2 === 0))
  const odd = forward(
    response.filter((_, n) => n % 2 === 1),
    even.length
  )
  const past = even.length - 1
  const samples = new Float64Array(past + most)
  return (law: Buffer) => {
    for (let i = 0; i < law.length; i++) samples[past + i] = decodeTable[law[i] ?? 0] ?? 0
    const out = new Int16Array(law.length * 2)
    for (let i = 0; i < law.length; i++) {
      out[i * 2] = weighed(even, samples, i)
      out[i * 2 + 1] = weighed(odd, samples, i)
    }
    samples.copyWithin(0, law.length, law.length + past)
    return Buffer.from(out.buffer)
  }
}

/** By hand: linear samples at 16 kHz become mu-law at 8 kHz, by the taps of Switchboard's own filter. */
export const halved = () => {
  const taps = forward(filterFor(16000, 8000).response)
  const past = taps.length - 1
  const samples = new Float64Array(past + most)
  return (pcm: Buffer) => {
    const count = pcm.length / 2
    for (let i = 0; i < count; i++) samples[past + i] = pcm.readInt16LE(i * 2)
    const out = Buffer.allocUnsafe(count / 2)
    for (let i = 0; i < out.length; i++) out[i] = encodeTable[weighed(taps, samples, i * 2) & 0xffff] ?? 0
    samples.copyWithin(0, count, count + past)
    return out
  }
}
