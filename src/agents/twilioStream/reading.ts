import { Result, Schema } from "effect"
import type { AudioChunk } from "../../Audio.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"
import type { Arrival } from "../socket/arrivals.ts"
import { maxMarkLength } from "./limits.ts"

/** What a message of a bot turned out to be. `Ignored` is well-formed and does nothing, as at Twilio (warning 31951). */
export type Read =
  | { readonly _tag: "Media"; readonly chunk: AudioChunk }
  | { readonly _tag: "Mark"; readonly name: string }
  | { readonly _tag: "Clear" }
  | { readonly _tag: "Ignored"; readonly reason: "unknown_event" | "another_stream"; readonly why: string }
  | { readonly _tag: "Unreadable"; readonly why: string }

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeMessage = Schema.decodeUnknownResult(
  Schema.Struct({
    event: Schema.String,
    streamSid: Schema.optionalKey(Schema.Unknown),
    media: Schema.optionalKey(Schema.Unknown),
    mark: Schema.optionalKey(Schema.Unknown)
  })
)
const decodeMedia = Schema.decodeUnknownResult(Schema.Struct({ payload: Schema.String }))
const decodeMark = Schema.decodeUnknownResult(
  Schema.Struct({ name: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maxMarkLength)) })
)

const utf8 = new TextDecoder()

/**
 * A media message in the two layouts that JSON encoders make of it, with a space behind each colon and comma or without. Read
 * so, it costs a quarter of what a JSON parser and a schema cost, and fifty of them come per second and call. Everything else,
 * well-formed or not, goes to the parser.
 */
const usualMedia =
  /^\{"event": ?"media", ?"streamSid": ?"([0-9A-Za-z]+)", ?"media": ?\{"payload": ?"([0-9A-Za-z+/=]+)"\}\}$/

const unreadable = (why: string): Read => ({ _tag: "Unreadable", why })
const clear: Read = { _tag: "Clear" }
const unknownEvent: Read = { _tag: "Ignored", reason: "unknown_event", why: "bots send media, mark and clear only" }
const anotherStream: Read = {
  _tag: "Ignored",
  reason: "another_stream",
  why: "every message must carry the streamSid of this connection's start message"
}

interface Message {
  readonly event: string
  readonly streamSid?: unknown
  readonly media?: unknown
  readonly mark?: unknown
}

const readers: ReadonlyMap<string, (message: Message) => Read> = new Map([
  [
    "media",
    ({ media }: Message): Read => {
      const read = decodeMedia(media)
      const chunk = Result.isSuccess(read) ? audioFromBase64(read.success.payload) : undefined
      return chunk === undefined ? unreadable("media: its payload is missing or not base64") : { _tag: "Media", chunk }
    }
  ],
  [
    "mark",
    ({ mark }: Message): Read => {
      const read = decodeMark(mark)
      return Result.isSuccess(read)
        ? { _tag: "Mark", name: read.success.name }
        : unreadable(`mark: its name is missing or has more than ${maxMarkLength} characters`)
    }
  ],
  ["clear", (): Read => clear]
])

/** Any text message by way of a JSON parser. */
export const readMessage = (text: string, streamSid: string): Read => {
  const decoded = Result.flatMap(decodeJson(text), decodeMessage)
  if (Result.isFailure(decoded)) return unreadable("it is not a JSON object with an event")
  const message: Message = decoded.success
  const reader = readers.get(message.event)
  if (reader === undefined) return unknownEvent
  return message.streamSid === streamSid ? reader(message) : anotherStream
}

/** Reads what a bot sends over the stream of that SID (Twilio: Media Streams, WebSocket messages to Twilio). */
export const readArrival = ({ binary, data }: Arrival, streamSid: string): Read => {
  if (binary) return unreadable("it is binary: messages are JSON in text frames")
  const [, sid, payload = ""] = usualMedia.exec(data.toString("latin1")) ?? []
  const chunk = sid === streamSid ? audioFromBase64(payload) : undefined
  return chunk === undefined ? readMessage(utf8.decode(data), streamSid) : { _tag: "Media", chunk }
}
