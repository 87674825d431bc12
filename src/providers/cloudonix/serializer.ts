import { Option, Schema } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { Frame, Outgoing, Serializer, TransportInfo, WireCommand, WireEvent } from "../../Transport.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"
import { base64Message } from "../../transport/base64Message.ts"
import { isCloudonixDomain, normalizedDomain } from "./domains.ts"
import { type Fields, asFields, tokenText } from "./fields.ts"
import { inboundAudio } from "./mediaFrame.ts"

/** G.711 mu-law, 8 kHz, mono, without a header, both ways (Cloudonix: Stream). */
const format: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

const ignored: WireEvent = { _tag: "Ignored" }

const readJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

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

const readMedia = Schema.decodeUnknownOption(
  Schema.Struct({ track: Schema.optionalKey(Schema.String), payload: Schema.String })
)

const readDigit = Schema.decodeUnknownOption(
  Schema.Struct({ digit: Schema.String.check(Schema.isPattern(/^[0-9*#A-D]$/)) })
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
const started = (message: Fields, shortNamesTell: boolean): WireEvent | undefined => {
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

const audio = (message: Fields): WireEvent | undefined => {
  const media = Option.getOrUndefined(readMedia(message["media"]))
  if (media === undefined) return undefined
  if (media.track !== undefined && media.track !== "inbound") return ignored
  const chunk = audioFromBase64(media.payload)
  if (chunk?.length === 0) return ignored
  return chunk === undefined ? undefined : { _tag: "Audio", chunk }
}

const digit = (message: Fields): WireEvent | undefined => {
  const dtmf = Option.getOrUndefined(readDigit(message["dtmf"]))
  return dtmf === undefined ? undefined : { _tag: "Digit", digit: dtmf.digit }
}

/** Any text frame by way of a JSON parser. Events that we do not know are well-formed and of no interest; `mark` is one. */
export const decodeMessage = (text: string, shortNamesTell = true): WireEvent | undefined => {
  const message = asFields(Option.getOrUndefined(readJson(text)))
  if (message === undefined || typeof message["event"] !== "string") return undefined
  switch (message["event"]) {
    case "start":
      return started(message, shortNamesTell)
    case "media":
      return audio(message)
    case "dtmf":
      return digit(message)
    case "stop":
      return { _tag: "Stopped" }
    default:
      return ignored
  }
}

const decoder =
  (shortNamesTell: boolean) =>
  ({ binary, data }: Frame): WireEvent | undefined => {
    if (binary) return undefined
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const chunk = inboundAudio(bytes)
    return chunk === undefined ? decodeMessage(bytes.toString("utf8"), shortNamesTell) : { _tag: "Audio", chunk }
  }

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
  decode: decoder(domain === undefined || isCloudonixDomain(domain)),
  encode
})
