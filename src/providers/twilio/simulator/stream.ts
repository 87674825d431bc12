import { Result, Schema } from "effect"
import type { AudioFormat } from "../../../Audio.ts"
import type { MediaCommand, MediaDialect } from "../../../simulator/MediaDialect.ts"

/** G.711 mu-law at 8 kHz, in frames of 20 ms (Twilio: Media Streams, WebSocket messages). */
export const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
export const frameMs = 20
/** Ten minutes (Twilio error 31931). */
const playoutLimitMs = 600_000

const Text = Schema.String
const Incoming = Schema.fromJsonString(
  Schema.Union([
    Schema.Struct({
      event: Schema.Literal("media"),
      streamSid: Text,
      media: Schema.Struct({ payload: Schema.Uint8ArrayFromBase64 })
    }),
    Schema.Struct({
      event: Schema.Literal("mark"),
      streamSid: Text,
      mark: Schema.Struct({ name: Schema.NonEmptyString })
    }),
    Schema.Struct({ event: Schema.Literal("clear"), streamSid: Text })
  ])
)
const decode = Schema.decodeUnknownResult(Incoming, { onExcessProperty: "error" })
const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

const undecodable = "31950 stream: message cannot be decoded"
const notCompliant = "31951 stream: message does not follow the protocol"
const violation = "31924 stream: WebSocket protocol violation"

const invalid = (error: string): MediaCommand => ({ _tag: "Invalid", error })

/** One stream's protocol, from the carrier's side: strict about what it takes, exact in what it sends. */
export const makeDialect = (stream: {
  readonly accountSid: string
  readonly callSid: string
  readonly streamSid: string
  readonly parameters: Readonly<Record<string, string>>
  /** A `<Start>` stream only listens. */
  readonly oneWay: boolean
}): MediaDialect => {
  const { accountSid, callSid, streamSid } = stream
  const text = new TextDecoder("utf-8", { fatal: false })
  let sequence = 0
  let chunk = 0
  const message = (event: string, body: Readonly<Record<string, unknown>>) => {
    sequence += 1
    return JSON.stringify({ event, sequenceNumber: String(sequence), ...body, streamSid })
  }

  const read = (data: Uint8Array, binary: boolean): MediaCommand => {
    const source = text.decode(data)
    if (binary || Result.isFailure(decodeJson(source))) return invalid(undecodable)
    if (stream.oneWay) return invalid(violation)
    const decoded = decode(source)
    if (Result.isFailure(decoded) || decoded.success.streamSid !== streamSid) return invalid(notCompliant)
    const command = decoded.success
    if (command.event === "clear") return { _tag: "Clear" }
    return command.event === "mark"
      ? { _tag: "Mark", name: command.mark.name }
      : { _tag: "Audio", bytes: command.media.payload }
  }

  return {
    format,
    frameMs,
    playoutLimitMs,
    greeting: () => [JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" })],
    start: ({ wrongCall }) =>
      message("start", {
        start: {
          accountSid,
          streamSid,
          callSid: wrongCall ? `CA${"0".repeat(32)}` : callSid,
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: stream.parameters
        }
      }),
    audio: (frame, timestampMs) => {
      chunk += 1
      const payload = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("base64")
      return message("media", {
        media: { track: "inbound", chunk: String(chunk), timestamp: String(timestampMs), payload }
      })
    },
    digit: (digit) => message("dtmf", { dtmf: { track: "inbound_track", digit } }),
    mark: (name) => message("mark", { mark: { name } }),
    stop: () => message("stop", { stop: { accountSid, callSid } }),
    read,
    errors: {
      slowReader: "31930 stream: inbound audio dropped, the server reads too slowly",
      playoutFull: "31931 stream: outbound audio dropped, more than ten minutes were waiting",
      refused: (detail) => `31920 stream: WebSocket handshake failed: ${detail}`,
      broken: (code) => `31921 stream: the connection was closed with ${code}`
    }
  }
}
