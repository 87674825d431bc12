import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Frame, Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { inboundAudio } from "./mediaFrame.ts"

/** G.711 mu-law, 8 kHz, mono, both ways (Vobiz: Streaming WebSockets). The byte order of linear PCM is not documented. */
const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

const ignored: WireEvent = { _tag: "Ignored" }

const readMessage = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const readStart = Schema.decodeUnknownOption(
  Schema.Struct({
    start: Schema.Struct({
      callId: Schema.NonEmptyString,
      streamId: Schema.NonEmptyString,
      mediaFormat: Schema.Struct({ encoding: Schema.Literal("audio/x-mulaw"), sampleRate: Schema.Literal(8000) })
    })
  })
)

const readMedia = Schema.decodeUnknownOption(
  Schema.Struct({ media: Schema.Struct({ track: Schema.optionalKey(Schema.String), payload: Schema.String }) })
)

const Digit = Schema.String.check(Schema.isPattern(/^[0-9*#A-D]$/))
const readDigit = Schema.decodeUnknownOption(
  Schema.Union([Schema.Struct({ dtmf: Schema.Struct({ digit: Digit }) }), Schema.Struct({ digit: Digit })])
)

const readName = Schema.decodeUnknownOption(Schema.Struct({ name: Schema.String }))

type Message = Readonly<Record<string, Schema.Json>>

/** The account id of a start is a number of Vobiz's own, not the auth ID: it proves nothing and is not read. */
const started = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(readStart(message))
  if (read === undefined) return undefined
  const info: TransportInfo = {
    providerCallId: read.start.callId,
    streamId: read.start.streamId,
    incomingFormat: format,
    outgoingFormat: format,
    parameters: {}
  }
  return { _tag: "Started", info }
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
  if (read === undefined) return undefined
  return { _tag: "Digit", digit: "dtmf" in read ? read.dtmf.digit : read.digit }
}

const played = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(readName(message))
  return read === undefined ? undefined : { _tag: "MarkReached", name: read.name }
}

const readers: ReadonlyMap<string, (message: Message) => WireEvent | undefined> = new Map([
  ["start", started],
  ["media", audio],
  ["dtmf", digit],
  ["playedStream", played],
  ["stop", (): WireEvent => ({ _tag: "Stopped" })]
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

/** How the message begins that empties the carrier's buffer. */
export const clearBegins = '{"event":"clearAudio"'

/** Ends a stream. */
export const stopMessage = ({ streamId }: TransportInfo) => `{"event":"stop","streamId":${JSON.stringify(streamId)}}`

const encode = ({ streamId }: TransportInfo) => {
  const stream = JSON.stringify(streamId)
  const media = base64Message(
    `{"event":"playAudio","streamId":${stream},"media":{"contentType":"audio/x-mulaw","sampleRate":8000,"payload":"`,
    `"}}`
  )
  const clear = `${clearBegins},"streamId":${stream}}`
  return (command: WireCommand): Outgoing | undefined => {
    switch (command._tag) {
      case "Audio":
        return media(command.chunk)
      case "Mark":
        return `{"event":"checkpoint","streamId":${stream},"name":${JSON.stringify(command.name)}}`
      case "Clear":
        return clear
      case "Digits":
        return undefined
    }
  }
}

/** Vobiz's stream messages (Vobiz: Stream events, Play audio): JSON in text frames, audio in base64. Takes no digits from us. */
export const serializer: Serializer = { decode, encode }
