import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { base64Message } from "../../transport/base64Message.ts"
import {
  digitEvent,
  jsonDecoder,
  type JsonMessage,
  mediaEvent,
  type ReadEvent,
  stopEvent
} from "../../transport/jsonEvents.ts"
import { isCloudonixDomain, normalizedDomain } from "./domains.ts"
import { type Fields, asFields, tokenText } from "./fields.ts"
import { inboundAudio } from "./mediaFrame.ts"

/** G.711 mu-law, 8 kHz, mono, without a header, both ways (Cloudonix: Stream). */
const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

const readStart = Schema.decodeUnknownOption(
  Schema.Struct({
    accountSid: Schema.NonEmptyString,
    callSid: Schema.NonEmptyString,
    session: Schema.NonEmptyString,
    streamSid: Schema.NonEmptyString,
    mediaFormat: Schema.optionalKey(
      Schema.Struct({
        encoding: Schema.Literal("audio/x-mulaw"),
        sampleRate: Schema.Literal(8000),
        channels: Schema.optionalKey(Schema.Literal(1))
      })
    )
  })
)

/** Parameters of the stream, those that are text. Whoever wrote the document chose them: they say nothing about the call. */
const parametersOf = (start: Fields): Readonly<Record<string, string>> => {
  const parameters: Array<readonly [string, string]> = []
  for (const [name, value] of Object.entries(asFields(start["customParameters"]) ?? {}))
    if (typeof value === "string") parameters.push([name, value])
  return Object.fromEntries(parameters)
}

/**
 * `session` names the call; `callSid` is another id. The account is the domain, in full or by its short name, which says nothing
 * of a domain with a name of its own.
 */
const started = (message: JsonMessage, shortNamesTell: boolean): WireEvent | undefined => {
  const fields = asFields(message["start"])
  const start = fields === undefined ? undefined : Option.getOrUndefined(readStart(fields))
  const session = tokenText(start?.session)
  if (fields === undefined || start === undefined || session === undefined) return undefined
  const { accountSid, streamSid } = start
  const info: TransportInfo = {
    providerCallId: session,
    streamId: streamSid,
    incomingFormat: format,
    outgoingFormat: format,
    parameters: parametersOf(fields)
  }
  const tells = shortNamesTell || accountSid.includes(".")
  return { _tag: "Started", info, ...(tells ? { accountId: normalizedDomain(accountSid) } : {}) }
}

const decoder = (shortNamesTell: boolean) =>
  jsonDecoder(
    new Map<string, ReadEvent>([
      ["start", (message) => started(message, shortNamesTell)],
      ["media", mediaEvent],
      ["dtmf", digitEvent],
      ["stop", stopEvent]
    ]),
    inboundAudio
  )

/** Any text frame by way of the JSON parser. `mark` is of no interest. */
export const { decodeMessage } = decoder(true)

/** Audio goes out in messages of exactly 20 ms. */
const encode = ({ streamId }: TransportInfo) => {
  const streamSid = JSON.stringify(streamId)
  const media = base64Message(`{"event":"media","streamSid":${streamSid},"media":{"payload":"`, `"}}`)
  const clear = `{"event":"clear","streamSid":${streamSid}}`
  return (command: WireCommand): Outgoing | undefined => {
    switch (command._tag) {
      case "Audio":
        return media(command.chunk)
      case "Clear":
        return clear
      case "Mark":
      case "Digits":
        return undefined
    }
  }
}

/**
 * Stream messages (Cloudonix: Connect, Stream), which are Twilio's with differences: JSON in text frames, audio in base64. No
 * marks are sent, because nothing shows that Cloudonix answers them: playout goes by our own clock. The stream takes no digits
 * from us. `domain` is the one that the call belongs to.
 */
export const serializerFor = (domain: string | undefined): Serializer => ({
  decode: decoder(domain === undefined || isCloudonixDomain(domain)).decode,
  encode
})
