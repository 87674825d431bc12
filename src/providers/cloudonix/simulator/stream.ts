import { randomBytes } from "node:crypto"
import { Result, Schema } from "effect"
import type { AudioFormat } from "../../../Audio.ts"
import type { MediaCommand, MediaDialect } from "../../../simulator/MediaDialect.ts"
import type { Settings } from "./options.ts"

/** G.711 mu-law at 8 kHz, in packets of 20 ms both ways. */
export const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
export const frameMs = 20
const frameBytes = 160

export const newStreamSid = () => `s-${randomBytes(8).toString("hex")}`

/** The stream's `callSid`: another id than the session token, and of no use in the REST API. */
export const newCallSid = () => `${randomBytes(4).toString("hex")}-${randomBytes(1).toString("hex")}`

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

const invalid = (error: string): MediaCommand => ({ _tag: "Invalid", error: `stream: ${error}` })

/** One stream's protocol, from the carrier's side (Cloudonix: verb Stream, and what its vendor's integrations send). */
export const makeDialect = (
  settings: Pick<Settings, "connectedNamesProtocol" | "marks" | "clears" | "playoutLimitMs">,
  stream: {
    readonly accountSid: string
    readonly session: string
    readonly callSid: string
    readonly streamSid: string
    readonly from: string
    readonly to: string
    readonly context: "inbound" | "outbound-api"
    readonly parameters: Readonly<Record<string, string>>
    /** A `<Start>` stream only listens. */
    readonly oneWay: boolean
  }
): MediaDialect => {
  const { accountSid, callSid, context, from, parameters, session, streamSid, to } = stream
  const text = new TextDecoder("utf-8", { fatal: false })
  let sequence = 0
  let chunk = 0
  const numbered = (event: string, body: Readonly<Record<string, unknown>>) => {
    sequence += 1
    return JSON.stringify({ event, sequenceNumber: String(sequence), streamSid, ...body })
  }

  const read = (data: Uint8Array, binary: boolean): MediaCommand => {
    if (binary) return invalid("a binary message")
    const decoded = decode(text.decode(data))
    if (Result.isFailure(decoded)) return invalid("a message that does not follow the protocol")
    const command = decoded.success
    if (command.streamSid !== streamSid) return invalid("a message for another stream")
    if (stream.oneWay) return invalid("a message on a stream that only listens")
    switch (command.event) {
      case "clear":
        return settings.clears ? { _tag: "Clear" } : { _tag: "Ignored", kind: "clear", detail: "" }
      case "mark": {
        const { name } = command.mark
        return settings.marks ? { _tag: "Mark", name } : { _tag: "Ignored", kind: "mark", detail: name }
      }
      case "media": {
        const { payload } = command.media
        if (payload.length === frameBytes) return { _tag: "Audio", bytes: payload }
        return invalid(`a packet of ${payload.length} bytes, not ${frameBytes} (20 ms)`)
      }
    }
  }

  return {
    format,
    frameMs,
    playoutLimitMs: settings.playoutLimitMs,
    greeting: () => [
      JSON.stringify(
        settings.connectedNamesProtocol
          ? { event: "connected", protocol: "Call", version: "1.0.0" }
          : { event: "connected" }
      )
    ],
    start: ({ wrongCall }) =>
      numbered("start", {
        start: {
          streamSid,
          callSid,
          session: wrongCall ? "0".repeat(32) : session,
          accountSid,
          from,
          to,
          context,
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: parameters
        }
      }),
    // The one sample there is counts the end of the packet: 20 for the first.
    audio: (frame, timestampMs) => {
      chunk += 1
      const payload = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("base64")
      const timestamp = String(timestampMs + frameMs)
      return numbered("media", { media: { track: "inbound", chunk: String(chunk), timestamp, payload } })
    },
    digit: (digit) => JSON.stringify({ event: "dtmf", streamSid, dtmf: { digit } }),
    mark: (name) => JSON.stringify({ event: "mark", streamSid, mark: { name } }),
    stop: () => JSON.stringify({ event: "stop", streamSid, stop: { session, callSid } }),
    read,
    errors: {
      slowReader: "stream: audio dropped, the server reads too slowly",
      playoutFull: `stream: audio dropped, more than ${settings.playoutLimitMs} ms were waiting`,
      refused: (detail) => `stream: the connection failed: ${detail}`,
      broken: (code) => `stream: the connection was closed with ${code}`
    }
  }
}
