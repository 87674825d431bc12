import { type AudioChunk, type AudioFormat, bytesForMs, bytesPerSample } from "../../Audio.ts"
import { converter } from "../../audio/converter.ts"
import { wholeSamples } from "../../audio/wholeSamples.ts"
import type { Inbox } from "./inbox.ts"

/** The agent's audio on its way to the phone. */
export interface Speech {
  /** Takes a binary message, wherever it was cut: half a sample at its end waits for the next one. */
  readonly speak: (bytes: AudioChunk) => void
  /** The end of what the agent says: the converter gives out what it holds back. */
  readonly finish: () => void
  /** After a clear: nothing of what was held back sounds later. */
  readonly forget: () => void
}

/** Cuts messages into pieces that always find room in an empty playout queue, converts them, and puts them in line. */
export const makeSpeech = (
  inbox: Pick<Inbox, "audio">,
  formats: { readonly from: AudioFormat; readonly to: AudioFormat }
): Speech => {
  const { convert, flush, reset } = converter(formats.from, formats.to)
  const { drop, take } = wholeSamples(bytesPerSample(formats.from))
  const piece = bytesForMs(formats.from, 1_000)
  const put = (audio: AudioChunk) => {
    if (audio.length > 0) inbox.audio(audio)
  }
  return {
    speak: (bytes) => {
      const samples = take(bytes)
      if (samples.length <= piece) put(convert(samples))
      else for (let at = 0; at < samples.length; at += piece) put(convert(samples.subarray(at, at + piece)))
    },
    finish: () => put(flush()),
    forget: () => {
      drop()
      reset()
    }
  }
}
