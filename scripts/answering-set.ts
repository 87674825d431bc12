import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Result } from "effect"
import { type AudioFormat, bytesForMs } from "../src/Audio.ts"
import { converter } from "../src/audio/converter.ts"
import { levelOf } from "../src/audio/levels.ts"
import { readWav, writeWav } from "../src/audio/wav.ts"
import { utterances } from "./answering-set/utterances.ts"

/**
 * Makes the greetings of test/answering/greetings with the speech synthesiser flite (Debian: `apt install flite`), mu-law at
 * 8 kHz, one level, without the silence around them.
 */
const telephone: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
const pcm: AudioFormat = { encoding: "pcm_s16le", sampleRate: 8000 }
/** RMS of every file, dB below full scale. */
const wantedDbfs = -20
/** What is quieter at the ends, in blocks of 10 ms, is cut off. */
const silentDbfs = -48
const target = new URL("../test/answering/greetings/", import.meta.url)

const trimmed = (audio: Uint8Array): Uint8Array => {
  const block = bytesForMs(pcm, 10)
  const isLoud = (at: number) => levelOf(pcm, audio.subarray(at, at + block)).rmsDbfs > silentDbfs
  let start = 0
  let end = audio.length - (audio.length % block)
  while (start < end && !isLoud(start)) start += block
  while (end > start && !isLoud(end - block)) end -= block
  return audio.subarray(start, end)
}

const levelled = (audio: Uint8Array): Uint8Array => {
  const gain = 10 ** ((wantedDbfs - levelOf(pcm, audio).rmsDbfs) / 20)
  const samples = Buffer.from(audio)
  for (let at = 0; at + 1 < samples.length; at += 2) {
    const louder = Math.round(samples.readInt16LE(at) * gain)
    samples.writeInt16LE(Math.max(-32768, Math.min(32767, louder)), at)
  }
  return samples
}

const folder = mkdtempSync(join(tmpdir(), "answering-set-"))
let total = 0
for (const { name, stretch, text, voice } of utterances) {
  const spoken = join(folder, `${name}.wav`)
  execFileSync("flite", ["-voice", voice, "--setf", `duration_stretch=${stretch}`, "-t", text, "-o", spoken])
  const wav = Result.getOrThrow(readWav(readFileSync(spoken)))
  const audio = levelled(trimmed(converter(wav.format, pcm).convert(wav.data)))
  const file = writeWav(telephone, converter(pcm, telephone).convert(audio))
  writeFileSync(new URL(`${name}.wav`, target), file)
  total += file.length
  process.stdout.write(`${name}.wav ${Math.round(audio.length / 16)} ms\n`)
}
rmSync(folder, { recursive: true })
process.stdout.write(`${utterances.length} files, ${total} bytes\n`)
