import { type AudioChunk, type AudioFormat, bytesPerSample, sameFormat } from "../Audio.ts"
import { alawToMulaw, mulawToAlaw } from "./g711.ts"
import { type Resampler, resampler } from "./resampler.ts"
import { reader, writer } from "./samples.ts"
import { wholeSamples } from "./wholeSamples.ts"

/**
 * Turns one stream of audio from one format into another, chunk by chunk; the split into chunks does not change the
 * result. Half a sample at the end of a chunk waits for the next one. Nothing here throws, whatever the bytes.
 */
export interface Converter {
  /** The chunk in the other format: the same reference when the formats match, an empty one when nothing is ready. */
  readonly convert: (chunk: AudioChunk) => AudioChunk
  /** The end of an utterance: what a change of rate still holds back (at most 4.3 ms). Half a sample is dropped. */
  readonly flush: () => AudioChunk
  /** After audio was thrown away: forgets the past, so that nothing of it sounds in what comes next. */
  readonly reset: () => void
}

const none = new Uint8Array(0)

const identity: Converter = { convert: (chunk) => chunk, flush: () => none, reset: () => {} }

const recoder = (table: Uint8Array): Converter => ({
  convert: (chunk) => {
    const out = new Uint8Array(chunk.length)
    for (let i = 0; i < chunk.length; i++) out[i] = table[chunk[i] ?? 0] ?? 0
    return out
  },
  flush: () => none,
  reset: () => {}
})

/** Scratch for one block of 20 ms, up to 48 kHz. A conversion never yields, so all of them may use the same. */
const incoming = new Int16Array(960)
const outgoing = new Int16Array(961)
const quiet = new Int16Array(960)

/** For formats of one rate: what comes in goes out. */
const sameRate: Resampler = {
  block: incoming.length,
  delay: 0,
  outputs: (count) => count,
  process: (input, count, output) => {
    for (let i = 0; i < count; i++) output[i] = input[i] ?? 0
    return count
  },
  reset: () => {}
}

const throughSamples = (from: AudioFormat, to: AudioFormat, resample: Resampler): Converter => {
  const read = reader[from.encoding]
  const write = writer[to.encoding]
  const size = bytesPerSample(from)
  const outSize = bytesPerSample(to)
  const whole = wholeSamples(size)
  /** True while the filter holds sound that has not come out. */
  let holding = false
  return {
    convert: (chunk) => {
      const bytes = whole.take(chunk)
      const samples = bytes.length / size
      if (samples === 0) return none
      holding = true
      const out = new Uint8Array(resample.outputs(samples) * outSize)
      let written = 0
      for (let at = 0; at < samples; at += resample.block) {
        const count = Math.min(resample.block, samples - at)
        read(bytes, at * size, count, incoming)
        const ready = resample.process(incoming, count, outgoing)
        write(outgoing, ready, out, written * outSize)
        written += ready
      }
      return out
    },
    flush: () => {
      whole.drop()
      if (!holding) return none
      holding = false
      const ready = resample.process(quiet, resample.delay, outgoing)
      const out = new Uint8Array(ready * outSize)
      write(outgoing, ready, out, 0)
      return out
    },
    reset: () => {
      whole.drop()
      holding = false
      resample.reset()
    }
  }
}

/**
 * A converter between two formats, in one step: decode, change the rate, encode. It holds the state of one direction of
 * one call and must not be shared. After `reset`, a change of rate fades in over 2 ms; the other conversions have no
 * memory to forget.
 */
export const converter = (from: AudioFormat, to: AudioFormat): Converter => {
  if (sameFormat(from, to)) return identity
  if (from.sampleRate !== to.sampleRate) return throughSamples(from, to, resampler(from.sampleRate, to.sampleRate))
  if (from.encoding === "mulaw" && to.encoding === "alaw") return recoder(mulawToAlaw)
  if (from.encoding === "alaw" && to.encoding === "mulaw") return recoder(alawToMulaw)
  return throughSamples(from, to, sameRate)
}
