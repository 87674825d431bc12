import { Option, Schema } from "effect"
import type { AudioFormat } from "../../../Audio.ts"
import type { MediaCommand, MediaDialect } from "../../../simulator/MediaDialect.ts"

/** Linear PCM, little-endian, mono, in frames of 20 ms. This page runs its audio at 16 kHz. */
export const format: AudioFormat = { encoding: "pcm_s16le", sampleRate: 16_000 }
export const frameMs = 20
/** What the page queues at the most; more is thrown away. */
const playoutLimitMs = 60_000

const Command = Schema.fromJsonString(
  Schema.Union([
    Schema.Struct({ type: Schema.Literal("clear") }),
    Schema.Struct({ type: Schema.Literal("mark"), name: Schema.String })
  ])
)
const decode = Schema.decodeUnknownOption(Command, { onExcessProperty: "error" })

const stranger = "00000000-0000-4000-8000-000000000000"

/** One media socket, from the page's side. `callId` is what the reply to the pass called the call; without it none is named. */
export const makeDialect = (callId: string | undefined): MediaDialect => {
  const text = new TextDecoder("utf-8", { fatal: false })

  const read = (data: Uint8Array, binary: boolean): MediaCommand => {
    if (binary) {
      return data.length % 2 === 0 ? { _tag: "Audio", bytes: data } : { _tag: "Invalid", error: "half a sample came" }
    }
    const command = Option.getOrUndefined(decode(text.decode(data)))
    if (command === undefined) return { _tag: "Invalid", error: "a message came that the page does not know" }
    return command.type === "clear" ? { _tag: "Clear" } : { _tag: "Mark", name: command.name }
  }

  const start = (named: string | undefined) =>
    JSON.stringify({
      type: "start",
      sample_rate: format.sampleRate,
      ...(named === undefined ? {} : { call_id: named })
    })

  return {
    format,
    frameMs,
    playoutLimitMs,
    greeting: () => [],
    start: ({ wrongCall }) => start(wrongCall ? stranger : callId),
    audio: (frame) => frame,
    digit: (digit) => JSON.stringify({ type: "digit", digit }),
    mark: (name) => JSON.stringify({ type: "mark", name }),
    stop: () => JSON.stringify({ type: "hangup" }),
    read,
    errors: {
      slowReader: "audio was dropped: the service reads too slowly",
      playoutFull: "audio was dropped: more than a minute was waiting",
      refused: (detail) => `the media socket could not be opened: ${detail}`,
      broken: (code) => `the media socket was closed with ${code}`
    }
  }
}
