import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Frame, Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { digitEvent, type JsonMessage, markEvent, stopEvent } from "../../transport/jsonEvents.ts"
import { FrameOrder } from "./frameOrder.ts"
import { inboundAudio, type NumberedAudio } from "./mediaFrame.ts"

/** What we send, whatever the caller's codec is: the codec that the stream was asked for with. */
const outgoingFormat: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

/** What the caller's audio may be in (Telnyx: Media streaming, and the names of an older reference). */
const formats: ReadonlyMap<string, AudioFormat> = new Map<string, AudioFormat>([
  ["pcmu", outgoingFormat],
  ["audio/x-mulaw", outgoingFormat],
  ["mulaw", outgoingFormat],
  ["pcma", { encoding: "alaw", sampleRate: 8000 }],
  ["audio/x-alaw", { encoding: "alaw", sampleRate: 8000 }],
  ["alaw", { encoding: "alaw", sampleRate: 8000 }]
])

/** The codec of the handshake, where it is none that we speak; the transport gives the stream up. */
export const unsupportedCodec = ({ parameters }: TransportInfo): string | undefined => parameters["unsupported_codec"]

/** Whose stream it is, as our own words in the handshake say. */
export const handshakeState = ({ parameters }: TransportInfo): string | undefined => parameters["client_state"]

const ignored: WireEvent = { _tag: "Ignored" }

const readMessage = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const readStart = Schema.decodeUnknownOption(
  Schema.Struct({
    stream_id: Schema.NonEmptyString,
    start: Schema.Struct({
      call_control_id: Schema.NonEmptyString,
      client_state: Schema.optionalKey(Schema.NullOr(Schema.String)),
      media_format: Schema.optionalKey(
        Schema.Struct({
          encoding: Schema.optionalKey(Schema.NullOr(Schema.String)),
          sample_rate: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
          channels: Schema.optionalKey(Schema.NullOr(Schema.Finite))
        })
      )
    })
  })
)

const readMedia = Schema.decodeUnknownOption(
  Schema.Struct({
    media: Schema.Struct({
      track: Schema.optionalKey(Schema.String),
      chunk: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite])),
      payload: Schema.String
    })
  })
)

const started = (message: JsonMessage): WireEvent | undefined => {
  const read = Option.getOrUndefined(readStart(message))
  if (read === undefined) return undefined
  const { call_control_id, client_state, media_format } = read.start
  const codec = media_format?.encoding ?? "PCMU"
  const format = formats.get(codec.toLowerCase())
  const isMono = (media_format?.channels ?? 1) === 1
  const isNarrow = (media_format?.sample_rate ?? 8000) === 8000
  const info: TransportInfo = {
    providerCallId: call_control_id,
    streamId: read.stream_id,
    incomingFormat: format ?? outgoingFormat,
    outgoingFormat,
    parameters: {
      ...(format !== undefined && isMono && isNarrow ? {} : { unsupported_codec: codec }),
      ...(client_state === null || client_state === undefined ? {} : { client_state })
    }
  }
  return { _tag: "Started", info }
}

/** The audio of a media message, or what it is instead. */
const audio = (message: JsonMessage): NumberedAudio | WireEvent | undefined => {
  const read = Option.getOrUndefined(readMedia(message))
  if (read === undefined) return undefined
  const { track, chunk: number, payload } = read.media
  if (track !== undefined && track !== "inbound") return ignored
  const chunk = audioFromBase64(payload)
  if (chunk?.length === 0) return ignored
  if (chunk === undefined) return undefined
  return /^\d{1,15}$/.test(String(number)) ? { number: Number(number), chunk } : { _tag: "Audio", chunk }
}

const readers: ReadonlyMap<string, (message: JsonMessage) => NumberedAudio | WireEvent | undefined> = new Map([
  ["start", started],
  ["media", audio],
  ["dtmf", digitEvent],
  ["mark", markEvent],
  ["stop", stopEvent]
])

/** Any text frame by way of a JSON parser. Events that we do not know, and errors, are well-formed and of no interest. */
export const decodeMessage = (text: string): NumberedAudio | WireEvent | undefined => {
  const message = Option.getOrUndefined(readMessage(text))
  if (message === undefined || typeof message["event"] !== "string") return undefined
  const reader = readers.get(message["event"])
  return reader === undefined ? ignored : reader(message)
}

/** Reads the frames of one stream, whose audio it brings into order. */
const makeDecode = () => {
  const order = new FrameOrder()
  return (frame: Frame): WireEvent | undefined => {
    if (frame.binary) return undefined
    const { data } = frame
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const read = inboundAudio(bytes) ?? decodeMessage(bytes.toString("utf8"))
    if (read === undefined || "_tag" in read) return read
    const chunk = order.take(read.number, read.chunk)
    return chunk === undefined ? ignored : { _tag: "Audio", chunk }
  }
}

const media = base64Message('{"event":"media","media":{"payload":"', '"}}')
const clear = '{"event":"clear"}'

/** What we send names neither stream nor sequence: one stream is one socket. The stream takes no digits from us. */
const encode = (command: WireCommand): Outgoing | undefined => {
  switch (command._tag) {
    case "Audio":
      return media(command.chunk)
    case "Mark":
      return `{"event":"mark","mark":{"name":${JSON.stringify(command.name)}}}`
    case "Clear":
      return clear
    case "Digits":
      return undefined
  }
}

/** The messages of one media stream (Telnyx: Media streaming over WebSockets): JSON in text frames, audio in base64. */
export const makeSerializer = (): Serializer => ({ decode: makeDecode(), encode: () => encode })
