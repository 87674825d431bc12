import { type AudioFormat, bytesForMs, sameFormat, silence } from "../Audio.ts"
import { converter } from "../audio/converter.ts"

/** What the person on the phone says, cut into the frames that the carrier sends: silence where nothing is said. */
export interface Mouth {
  /** Adds speech in the stream's format. It starts with the next frame; its last frame is filled with silence. */
  readonly say: (bytes: Uint8Array) => void
  /** The next frame. */
  readonly next: () => Uint8Array
  /** All speech so far that has been sent, without the silence around it. */
  readonly said: () => Uint8Array
  /** Whether speech is waiting. */
  readonly speaking: () => boolean
  /** From now on frames are in another format; all speech so far is converted. */
  readonly speakIn: (format: AudioFormat) => void
}

export const makeMouth = (firstFormat: AudioFormat, frameMs: number): Mouth => {
  let format = firstFormat
  let frameBytes = bytesForMs(format, frameMs)
  let waiting: Array<Uint8Array> = []
  let sent: Array<Uint8Array> = []
  let offset = 0
  return {
    say: (bytes) => {
      if (bytes.length > 0) waiting.push(bytes)
    },
    next: () => {
      const frame = silence(format, frameBytes)
      const speech = waiting[0]
      if (speech === undefined) return frame
      const part = speech.subarray(offset, offset + frameBytes)
      frame.set(part)
      sent.push(part)
      offset += part.length
      if (offset >= speech.length) {
        waiting.shift()
        offset = 0
      }
      return frame
    },
    said: () => Buffer.concat(sent),
    speaking: () => waiting.length > 0,
    speakIn: (next) => {
      if (sameFormat(format, next)) return
      const converted = (bytes: Uint8Array) => {
        const { convert, flush } = converter(format, next)
        return Buffer.concat([convert(bytes), flush()])
      }
      sent = [converted(Buffer.concat(sent))]
      waiting = waiting.map((speech, index) => converted(index === 0 ? speech.subarray(offset) : speech))
      offset = 0
      format = next
      frameBytes = bytesForMs(next, frameMs)
    }
  }
}
