import { type AudioChunk, type AudioFormat, bytesForMs, bytesPerSample } from "../Audio.ts"
import { reader, writer } from "./samples.ts"

/** A sample farther from zero than this would be heard as a click beside silence. */
const clickLevel = 200
const fadeMs = 3

/** The samples of `bytes` that a fade is about, at its beginning or its end, and the byte where they begin. */
const edge = (format: AudioFormat, bytes: AudioChunk, which: "beginning" | "end") => {
  const size = bytesPerSample(format)
  const count = Math.floor(Math.min(bytes.length, bytesForMs(format, fadeMs)) / size)
  const start = which === "end" ? bytes.length - count * size : 0
  const samples = new Int16Array(count)
  reader[format.encoding](bytes, start, count, samples)
  return { count, samples, start }
}

/** Brings the last 3 ms of `bytes`, whole samples, down to zero, in place, unless they end near it. */
export const fadeOut = (format: AudioFormat, bytes: AudioChunk): void => {
  const { count, samples, start } = edge(format, bytes, "end")
  if (Math.abs(samples[count - 1] ?? 0) <= clickLevel) return
  for (let i = 0; i < count; i++) samples[i] = Math.round(((samples[i] ?? 0) * (count - 1 - i)) / count)
  writer[format.encoding](samples, count, bytes, start)
}

/** A copy of `bytes`, whole samples, whose first 3 ms come up from zero; `bytes` themselves when they begin near it. */
export const fadedIn = (format: AudioFormat, bytes: AudioChunk): AudioChunk => {
  const { count, samples } = edge(format, bytes, "beginning")
  if (Math.abs(samples[0] ?? 0) <= clickLevel) return bytes
  const faded = Uint8Array.from(bytes)
  for (let i = 0; i < count; i++) samples[i] = Math.round(((samples[i] ?? 0) * (i + 1)) / (count + 1))
  writer[format.encoding](samples, count, faded, 0)
  return faded
}
