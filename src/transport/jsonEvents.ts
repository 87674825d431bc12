import { Option, Schema } from "effect"
import type { AudioChunk } from "../Audio.ts"
import type { Frame, WireEvent } from "../Transport.ts"
import { audioFromBase64 } from "./base64Audio.ts"

/** A message of a carrier's stream that is a JSON object. */
export type JsonMessage = Readonly<Record<string, Schema.Json>>

/** Reads one kind of message; undefined where it is not well-formed. */
export type ReadEvent = (message: JsonMessage) => WireEvent | undefined

const ignored: WireEvent = { _tag: "Ignored" }

const readJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const readMedia = Schema.decodeUnknownOption(
  Schema.Struct({ media: Schema.Struct({ track: Schema.optionalKey(Schema.String), payload: Schema.String }) })
)

/** A key of a telephone (ITU-T Q.23). */
export const Digit = Schema.String.check(Schema.isPattern(/^[0-9*#A-D]$/))

const readDigit = Schema.decodeUnknownOption(Schema.Struct({ dtmf: Schema.Struct({ digit: Digit }) }))

const readMark = Schema.decodeUnknownOption(Schema.Struct({ mark: Schema.Struct({ name: Schema.String }) }))

const readPlayed = Schema.decodeUnknownOption(Schema.Struct({ name: Schema.String }))

/** `{media: {track?, payload}}`: audio in base64. Only the caller's track counts. */
export const mediaEvent: ReadEvent = (message) => {
  const read = Option.getOrUndefined(readMedia(message))
  if (read === undefined) return undefined
  if (read.media.track !== undefined && read.media.track !== "inbound") return ignored
  const chunk = audioFromBase64(read.media.payload)
  if (chunk?.length === 0) return ignored
  return chunk === undefined ? undefined : { _tag: "Audio", chunk }
}

/** `{dtmf: {digit}}`: the caller pressed a key. */
export const digitEvent: ReadEvent = (message) => {
  const read = Option.getOrUndefined(readDigit(message))
  return read === undefined ? undefined : { _tag: "Digit", digit: read.dtmf.digit }
}

/** `{mark: {name}}`: the audio before our mark was played. */
export const markEvent: ReadEvent = (message) => {
  const read = Option.getOrUndefined(readMark(message))
  return read === undefined ? undefined : { _tag: "MarkReached", name: read.mark.name }
}

/** `{name}`: the audio before our checkpoint was played. */
export const playedEvent: ReadEvent = (message) => {
  const read = Option.getOrUndefined(readPlayed(message))
  return read === undefined ? undefined : { _tag: "MarkReached", name: read.name }
}

export const stopEvent: ReadEvent = () => ({ _tag: "Stopped" })

/**
 * Decodes text frames that are JSON objects whose `event` says what they are. `inboundAudio` may know the audio messages by
 * their layout, which saves the parser; it gives undefined for everything else. Events that `readers` does not have are
 * well-formed and of no interest.
 */
export const jsonDecoder = (
  readers: ReadonlyMap<string, ReadEvent>,
  inboundAudio: (bytes: Buffer) => AudioChunk | undefined
) => {
  /** Any text frame by way of the JSON parser. */
  const decodeMessage = (text: string): WireEvent | undefined => {
    const message = Option.getOrUndefined(readJson(text))
    if (message === undefined || typeof message["event"] !== "string") return undefined
    const reader = readers.get(message["event"])
    return reader === undefined ? ignored : reader(message)
  }

  const decode = ({ binary, data }: Frame): WireEvent | undefined => {
    if (binary) return undefined
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const chunk = inboundAudio(bytes)
    return chunk === undefined ? decodeMessage(bytes.toString("utf8")) : { _tag: "Audio", chunk }
  }

  return { decode, decodeMessage }
}
