import type { AudioFormat } from "../Audio.ts"
import { writer } from "./samples.ts"

const format: AudioFormat = { encoding: "pcm_s16le", sampleRate: 8000 }
const toneHz = 440
const toneMs = 250
const periodMs = 3000
const fadeMs = 25
/** A tenth of full scale: -20 dBFS. */
const peak = 3277

/** How loud the tone is at a moment of it, 0 to 1: it comes and goes softly. */
const envelope = (ms: number): number => Math.min(1, ms / fadeMs, (toneMs - ms) / fadeMs)

/** What a caller hears who waits, unless there is a sound for that: a soft tone of a quarter of a second, every 3 s. To be looped. */
export const holdTone = (): { readonly format: AudioFormat; readonly data: Uint8Array } => {
  const count = (periodMs * format.sampleRate) / 1000
  const samples = Int16Array.from({ length: count }, (_, index) => {
    const ms = (index * 1000) / format.sampleRate
    return ms >= toneMs ? 0 : Math.round(peak * envelope(ms) * Math.sin((2 * Math.PI * toneHz * ms) / 1000))
  })
  const data = new Uint8Array(count * 2)
  writer[format.encoding](samples, count, data, 0)
  return { format, data }
}
