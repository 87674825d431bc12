const SCALE = 32768

/** 16-bit samples, little-endian, of samples between -1 and 1; louder ones are cut off. */
export const pcmOf = (samples: Float32Array): ArrayBuffer => {
  const bytes = new ArrayBuffer(samples.length * 2)
  const view = new DataView(bytes)
  for (let index = 0; index < samples.length; index++) {
    const value = Math.round((samples[index] ?? 0) * SCALE)
    view.setInt16(index * 2, Math.max(-SCALE, Math.min(SCALE - 1, value)), true)
  }
  return bytes
}

/** Samples between -1 and 1 of 16-bit ones, little-endian; an odd byte at the end is left out. */
export const samplesOf = (bytes: ArrayBuffer): Float32Array => {
  const view = new DataView(bytes)
  const samples = new Float32Array(Math.floor(bytes.byteLength / 2))
  for (let index = 0; index < samples.length; index++) samples[index] = view.getInt16(index * 2, true) / SCALE
  return samples
}

/** What silence is shown as, dBFS. */
export const SILENCE_DBFS = -96

/** How loud samples are whose squares sum up to `energy`, in dB of a full-scale square wave. */
export const dbfsOf = (energy: number, count: number): number => {
  const power = count === 0 ? 0 : energy / count
  return power === 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 10 * Math.log10(power))
}

/** The sum of the squares. */
export const energyOf = (samples: Float32Array): number => {
  let energy = 0
  for (const sample of samples) energy += sample * sample
  return energy
}
