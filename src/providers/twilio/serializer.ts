import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Frame, Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { inboundAudio } from "./mediaFrame.ts"

/** G.711 mu-law, 8 kHz, mono, without a header, both ways (Twilio: Media Streams, WebSocket messages). */
const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

const ignored: WireEvent = { _tag: "Ignored" }

const readMessage = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const readStart = Schema.decodeUnknownOption(
  Schema.Struct({
    start: Schema.Struct({
      accountSid: Schema.NonEmptyString,
      callSid: Schema.NonEmptyString,
      streamSid: Schema.NonEmptyString,
      mediaFormat: Schema.Struct({
        encoding: Schema.Literal("audio/x-mulaw"),
        sampleRate: Schema.Literal(8000),
        channels: Schema.Literal(1)
      }),
      customParameters: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
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

const readMark = Schema.decodeUnknownOption(Schema.Struct({ mark: Schema.Struct({ name: Schema.String }) }))

type Message = Readonly<Record<string, Schema.Json>>

const started = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(readStart(message))
  if (read === undefined) return undefined
  const { accountSid, callSid, streamSid, customParameters } = read.start
  const info: TransportInfo = {
    providerCallId: callSid,
    streamId: streamSid,
    incomingFormat: format,
    outgoingFormat: format,
    parameters: customParameters ?? {}
  }
  return { _tag: "Started", info, accountId: accountSid }
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

const mark = (message: Message): WireEvent | undefined => {
  const read = Option.getOrUndefined(readMark(message))
  return read === undefined ? undefined : { _tag: "MarkReached", name: read.mark.name }
}

const readers: ReadonlyMap<string, (message: Message) => WireEvent | undefined> = new Map([
  ["start", started],
  ["media", audio],
  ["dtmf", digit],
  ["mark", mark],
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

const encode = ({ streamId }: TransportInfo) => {
  const streamSid = JSON.stringify(streamId)
  const media = base64Message(`{"event":"media","streamSid":${streamSid},"media":{"payload":"`, `"}}`)
  const clear = `{"event":"clear","streamSid":${streamSid}}`
  return (command: WireCommand): Outgoing | undefined => {
    switch (command._tag) {
      case "Audio":
        return media(command.chunk)
      case "Mark":
        return `{"event":"mark","streamSid":${streamSid},"mark":{"name":${JSON.stringify(command.name)}}}`
      case "Clear":
        return clear
      case "Digits":
        return undefined
    }
  }
}

/**
 * Media Streams messages (Twilio: Media Streams, WebSocket messages): JSON in text frames, audio in base64. The stream takes
 * no digits from us.
 */
export const serializer: Serializer = { decode, encode }
