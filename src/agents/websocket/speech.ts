import { type AudioChunk, type AudioFormat, bytesForMs, bytesPerSample } from "../../Audio.ts"
import { converter } from "../../audio/converter.ts"
import type { Inbox } from "./inbox.ts"

/** The agent's audio on its way to the phone. */
export interface Speech {
  /** Takes a binary message; false when it ended with half a sample (which is dropped, the rest is played). */
  readonly speak: (bytes: AudioChunk) => boolean
  /** The end of what the agent says: the converter gives out what it holds back. */
  readonly finish: () => void
  /** After a clear: the converter forgets what it holds back. */
  readonly forget: () => void
}

/** Cuts messages into pieces that always find room in an empty playout queue, converts them, and puts them in line. */
export const makeSpeech = (inbox: Inbox, formats: { readonly from: AudioFormat; readonly to: AudioFormat }): Speech => {
  const { convert, flush, reset } = converter(formats.from, formats.to)
  const size = bytesPerSample(formats.from)
  const piece = bytesForMs(formats.from, 1_000)
  const put = (audio: AudioChunk) => {
    if (audio.length > 0) inbox.audio(audio)
  }
  return {
    speak: (bytes) => {
      const whole = bytes.length - (bytes.length % size)
      if (whole <= piece && whole === bytes.length) put(convert(bytes))
      else for (let at = 0; at < whole; at += piece) put(convert(bytes.subarray(at, Math.min(whole, at + piece))))
      return whole === bytes.length
    },
    finish: () => put(flush()),
    forget: reset
  }
}
