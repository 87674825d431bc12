import { Option, Schema } from "effect"
import { type AudioFormat, bytesForMs } from "../../../Audio.ts"
import type { MediaCommand, MediaDialect } from "../../../simulator/MediaDialect.ts"

/** Linear PCM, little-endian, mono, in frames of 20 ms (Vonage: WebSockets). This fake speaks 16 kHz only. */
export const format: AudioFormat = { encoding: "pcm_s16le", sampleRate: 16_000 }
export const frameMs = 20
export const contentType = "audio/l16;rate=16000"
const frameBytes = bytesForMs(format, frameMs)
/** 3072 messages of 20 ms; what comes beyond them is thrown away. */
const playoutLimitMs = 3072 * frameMs
/** How long the person holds a key down, ms. */
const keyMs = 260

const Command = Schema.fromJsonString(
  Schema.Union([
    Schema.Struct({ action: Schema.Literal("clear") }),
    Schema.Struct({ action: Schema.Literal("notify"), payload: Schema.Record(Schema.String, Schema.Json) })
  ])
)
const decode = Schema.decodeUnknownOption(Command, { onExcessProperty: "error" })
const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))

/** In samples, as the carrier's log has it. */
const wrongSize = (bytes: number): MediaCommand => ({
  _tag: "Invalid",
  error: `unexpected frame size ${bytes / 2}, when required ${frameBytes / 2}`,
  cuts: true
})

/**
 * One socket's protocol, from the carrier's side: binary audio, text commands. A notify's payload is the mark's name here, as
 * JSON. Whether a clear returns the notifies that it overtook is unconfirmed; this one drops them with the audio.
 */
export const makeDialect = (headers: Readonly<Record<string, Schema.Json>>): MediaDialect => {
  const text = new TextDecoder("utf-8", { fatal: false })

  const read = (data: Uint8Array, binary: boolean): MediaCommand => {
    if (binary) return data.length === frameBytes ? { _tag: "Audio", bytes: data } : wrongSize(data.length)
    const command = Option.getOrUndefined(decode(text.decode(data)))
    if (command === undefined) return { _tag: "Invalid", error: "unknown text command" }
    return command.action === "clear" ? { _tag: "Clear" } : { _tag: "Mark", name: JSON.stringify(command.payload) }
  }

  return {
    format,
    frameMs,
    playoutLimitMs,
    greeting: () => [],
    start: ({ wrongCall }) =>
      JSON.stringify({
        event: "websocket:connected",
        "content-type": contentType,
        ...(wrongCall ? strange(headers) : headers)
      }),
    audio: (frame) => frame,
    digit: (digit) => JSON.stringify({ event: "websocket:dtmf", digit, duration: keyMs }),
    mark: (name) =>
      JSON.stringify({ event: "websocket:notify", payload: Option.getOrElse(decodeJson(name), () => null) }),
    cleared: () => [JSON.stringify({ event: "websocket:cleared" })],
    stop: () => undefined,
    read,
    errors: {
      slowReader: "audio dropped: the server reads too slowly",
      playoutFull: "audio dropped: more than 3072 messages were waiting",
      refused: (detail) => `the WebSocket could not be opened: ${detail}`,
      broken: (code) => `the WebSocket was closed with ${code}`
    }
  }
}

/** There is no call id but the one that our side put into the headers: every text in them names something else. */
const strange = (headers: Readonly<Record<string, Schema.Json>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? "00000000-0000-4000-8000-000000000000" : value
    ])
  )
