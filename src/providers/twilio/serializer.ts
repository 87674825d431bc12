import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { base64Message } from "../../transport/base64Message.ts"
import {
  digitEvent,
  jsonDecoder,
  type JsonMessage,
  markEvent,
  mediaEvent,
  stopEvent
} from "../../transport/jsonEvents.ts"
import { inboundAudio } from "./mediaFrame.ts"

/** G.711 mu-law, 8 kHz, mono, without a header, both ways (Twilio: Media Streams, WebSocket messages). */
const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

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

const started = (message: JsonMessage): WireEvent | undefined => {
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

export const { decode, decodeMessage } = jsonDecoder(
  new Map([
    ["start", started],
    ["media", mediaEvent],
    ["dtmf", digitEvent],
    ["mark", markEvent],
    ["stop", stopEvent]
  ]),
  inboundAudio
)

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
