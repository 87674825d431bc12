import { type AudioChunk, type AudioFormat, bytesPerSample } from "../Audio.ts"
import { reader } from "./samples.ts"

/** How loud a piece of audio is, in dB below full scale (32768), never under -96. */
export interface Level {
  /** Root mean square: a full-scale square wave is 0, a full-scale sine -3. */
  readonly rmsDbfs: number
  readonly peakDbfs: number
}

const floorDbfs = -96

const dbfs = (amplitude: number): number => Math.max(floorDbfs, 20 * Math.log10(amplitude / 32768))

/** The level of a chunk. Nothing (or half a sample) is as quiet as can be. */
export const levelOf = (format: AudioFormat, chunk: AudioChunk): Level => {
  const count = Math.floor(chunk.length / bytesPerSample(format))
  if (count === 0) return { rmsDbfs: floorDbfs, peakDbfs: floorDbfs }
  const samples = new Int16Array(count)
  reader[format.encoding](chunk, 0, count, samples)
  let energy = 0
  let peak = 0
  for (let i = 0; i < count; i++) {
    const sample = samples[i] ?? 0
    energy += sample * sample
    peak = Math.max(peak, Math.abs(sample))
  }
  return { rmsDbfs: dbfs(Math.sqrt(energy / count)), peakDbfs: dbfs(peak) }
}
