import type { AudioFormat } from "../../../Audio.ts"

/** A codec by Asterisk's name, with the bytes of its 20 ms frame (Asterisk: chan_websocket, optimal_frame_size). */
export interface MediaFormat {
  readonly name: string
  readonly frameBytes: number
  readonly audio: AudioFormat
}

const linear = (name: string, sampleRate: AudioFormat["sampleRate"]): MediaFormat => ({
  name,
  frameBytes: sampleRate / 25,
  audio: { encoding: "pcm_s16le", sampleRate }
})

const formats: ReadonlyArray<MediaFormat> = [
  { name: "ulaw", frameBytes: 160, audio: { encoding: "mulaw", sampleRate: 8000 } },
  { name: "alaw", frameBytes: 160, audio: { encoding: "alaw", sampleRate: 8000 } },
  linear("slin", 8000),
  linear("slin16", 16_000),
  linear("slin24", 24_000),
  linear("slin48", 48_000)
]

/** A format that the fake can carry. G.722 and Opus exist in Asterisk and not here. */
export const formatNamed = (name: string) => formats.find((format) => format.name === name)
