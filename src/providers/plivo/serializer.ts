import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { digitEvent, jsonDecoder, type JsonMessage, mediaEvent, playedEvent } from "../../transport/jsonEvents.ts"
import { inboundAudio } from "./mediaFrame.ts"

const OptionalId = Schema.optionalKey(Schema.String)

/** Mu-law is what we ask for. Linear audio, little-endian, is taken where it is declared all the same. */
const MediaFormat = Schema.Union([
  Schema.Struct({ encoding: Schema.Literal("audio/x-mulaw"), sampleRate: Schema.Literal(8000) }),
  Schema.Struct({ encoding: Schema.Literal("audio/x-l16"), sampleRate: Schema.Literals([8000, 16000]) })
])

const readStart = Schema.decodeUnknownOption(
  Schema.Struct({
    streamId: OptionalId,
    extra_headers: Schema.optionalKey(Schema.Json),
    start: Schema.Struct({
      callId: OptionalId,
      callUUID: OptionalId,
      streamId: OptionalId,
      accountId: OptionalId,
      mediaFormat: MediaFormat
    })
  })
)

const formatOf = ({ encoding, sampleRate }: typeof MediaFormat.Type): AudioFormat => ({
  encoding: encoding === "audio/x-mulaw" ? "mulaw" : "pcm_s16le",
  sampleRate
})

const given = (...ids: ReadonlyArray<string | undefined>) => ids.find((id) => id !== undefined && id !== "")

const started = (message: JsonMessage): WireEvent | undefined => {
  const read = Option.getOrUndefined(readStart(message))
  if (read === undefined) return undefined
  const { start, extra_headers } = read
  const streamId = given(start.streamId, read.streamId)
  const providerCallId = given(start.callId, start.callUUID)
  if (streamId === undefined || providerCallId === undefined) return undefined
  const format = formatOf(start.mediaFormat)
  const info: TransportInfo = {
    providerCallId,
    streamId,
    incomingFormat: format,
    outgoingFormat: format,
    parameters: typeof extra_headers === "string" && extra_headers !== "" ? { extra_headers } : {}
  }
  const accountId = given(start.accountId)
  return { _tag: "Started", info, ...(accountId === undefined ? {} : { accountId }) }
}

/** There is no `stop` among the events: the end of the stream is the end of the socket. */
export const { decode, decodeMessage } = jsonDecoder(
  new Map([
    ["start", started],
    ["media", mediaEvent],
    ["dtmf", digitEvent],
    ["playedStream", playedEvent]
  ]),
  inboundAudio
)

const encode = ({ streamId, outgoingFormat }: TransportInfo) => {
  const stream = JSON.stringify(streamId)
  const contentType = JSON.stringify(outgoingFormat.encoding === "mulaw" ? "audio/x-mulaw" : "audio/x-l16")
  const rate = JSON.stringify(outgoingFormat.sampleRate)
  const media = base64Message(
    `{"event":"playAudio","media":{"contentType":${contentType},"sampleRate":${rate},"payload":"`,
    `"}}`
  )
  const clear = `{"event":"clearAudio","streamId":${stream}}`
  return (command: WireCommand): Outgoing => {
    switch (command._tag) {
      case "Audio":
        return media(command.chunk)
      case "Mark":
        return `{"event":"checkpoint","streamId":${stream},"name":${JSON.stringify(command.name)}}`
      case "Clear":
        return clear
      case "Digits":
        return `{"event":"sendDTMF","dtmf":${JSON.stringify(command.digits)}}`
    }
  }
}

/** Audio streaming messages (Plivo: Audio Streaming, WebSocket messages): JSON in text frames, audio in base64. */
export const serializer: Serializer = { decode, encode }
