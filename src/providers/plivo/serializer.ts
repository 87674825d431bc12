import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Frame, Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { inboundAudio } from "./mediaFrame.ts"

const ignored: WireEvent = { _tag: "Ignored" }

const readMessage = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

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

const readMedia = Schema.decodeUnknownOption(
  Schema.Struct({
    media: Schema.Struct({ track: Schema.optionalKey(Schema.String), payload: Schema.String })
  })
)

const readDigit = Schema.decodeUnknownOption(
  Schema.Struct({ dtmf: Schema.Struct({ digit: Schema.String.check(Schema.isPattern(/^[0-9*#A-D]$/)) }) })
)

const readPlayed = Schema.decodeUnknownOption(Schema.Struct({ name: Schema.String }))

type Message = Readonly<Record<string, Schema.Json>>

const formatOf = ({ encoding, sampleRate }: typeof MediaFormat.Type): AudioFormat => ({
  encoding: encoding === "audio/x-mulaw" ? "mulaw" : "pcm_s16le",
  sampleRate
})

const given = (...ids: ReadonlyArray<string | undefined>) => ids.find((id) => id !== undefined && id !== "")

const started = (message: Message): WireEvent | undefined => {
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

const audio = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(readMedia(message))
  if (read === undefined) return undefined
  if (read.media.track !== undefined && read.media.track !== "inbound") return ignored
  const chunk = audioFromBase64(read.media.payload)
  if (chunk?.length === 0) return ignored
  return chunk === undefined ? undefined : { _tag: "Audio", chunk }
}

const digit = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(readDigit(message))
  return read === undefined ? undefined : { _tag: "Digit", digit: read.dtmf.digit }
}

const played = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(readPlayed(message))
  return read === undefined ? undefined : { _tag: "MarkReached", name: read.name }
}

/** There is no `stop` among them: the end of the stream is the end of the socket. */
const readers: ReadonlyMap<string, (message: Message) => WireEvent | undefined> = new Map([
  ["start", started],
  ["media", audio],
  ["dtmf", digit],
  ["playedStream", played]
])

/** Any text frame by way of a JSON parser. Events that we do not know are well-formed and of no interest. */
export const decodeMessage = (text: string): WireEvent | undefined => {
  const message = Option.getOrUndefined(readMessage(text))
  if (message === undefined || typeof message["event"] !== "string") return undefined
  const reader = readers.get(message["event"])
  return reader === undefined ? ignored : reader(message)
}

const decode = (frame: Frame): WireEvent | undefined => {
  if (frame.binary) return undefined
  const { data } = frame
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const chunk = inboundAudio(bytes)
  return chunk === undefined ? decodeMessage(bytes.toString("utf8")) : { _tag: "Audio", chunk }
}

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
