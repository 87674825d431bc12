import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { pcmOf } from "../../../ui/src/phone/samples.ts"
import { sampleVoice } from "../../../ui/src/phone/sampleVoice.ts"
import { temporaryFolder } from "../../support/database.ts"

const RATE = 48_000

/** A WAV file (RIFF, 16-bit PCM, mono) of these samples. */
export const wavOf = (samples: Float32Array, rate: number): Uint8Array => {
  const pcm = Buffer.from(pcmOf(samples))
  const header = Buffer.alloc(44)
  header.write("RIFF", 0)
  header.writeUInt32LE(36 + pcm.length, 4)
  header.write("WAVEfmt ", 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write("data", 36)
  header.writeUInt32LE(pcm.length, 40)
  return Buffer.concat([header, pcm])
}

const anyMicrophone = ["--use-fake-device-for-media-stream"]

/** Arguments of a Chromium that has a microphone, whose person does not let pages use it. */
export const refusedMicrophone = [...anyMicrophone, "--use-fake-ui-for-media-stream=deny"]

/** Arguments of a Chromium whose microphone hears a voice, over and over, and whose pages may use it. */
export const fakeMicrophone = Effect.gen(function* () {
  const path = join(yield* temporaryFolder, "voice.wav")
  yield* Effect.promise(() => writeFile(path, wavOf(sampleVoice(RATE), RATE)))
  return [...anyMicrophone, "--use-fake-ui-for-media-stream", `--use-file-for-fake-audio-capture=${path}`]
})
