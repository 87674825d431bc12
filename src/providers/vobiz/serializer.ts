import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { Digit, jsonDecoder, type JsonMessage, mediaEvent, playedEvent, stopEvent } from "../../transport/jsonEvents.ts"
import { inboundAudio } from "./mediaFrame.ts"

/** G.711 mu-law, 8 kHz, mono, both ways (Vobiz: Streaming WebSockets). The byte order of linear PCM is not documented. */
const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

const readStart = Schema.decodeUnknownOption(
  Schema.Struct({
    start: Schema.Struct({
      callId: Schema.NonEmptyString,
      streamId: Schema.NonEmptyString,
      mediaFormat: Schema.Struct({ encoding: Schema.Literal("audio/x-mulaw"), sampleRate: Schema.Literal(8000) })
    })
  })
)

const readDigit = Schema.decodeUnknownOption(
  Schema.Union([Schema.Struct({ dtmf: Schema.Struct({ digit: Digit }) }), Schema.Struct({ digit: Digit })])
)

/** The account id of a start is a number of Vobiz's own, not the auth ID: it proves nothing and is not read. */
const started = (message: JsonMessage): WireEvent | undefined => {
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

const digit = (message: JsonMessage): WireEvent | undefined => {
  const read = Option.getOrUndefined(readDigit(message))
  if (read === undefined) return undefined
  return { _tag: "Digit", digit: "dtmf" in read ? read.dtmf.digit : read.digit }
}

export const { decode, decodeMessage } = jsonDecoder(
  new Map([
    ["start", started],
    ["media", mediaEvent],
    ["dtmf", digit],
    ["playedStream", playedEvent],
    ["stop", stopEvent]
  ]),
  inboundAudio
)

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
