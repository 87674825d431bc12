import { Result, Schema } from "effect"
import type { MediaFormat } from "./formats.ts"
import { type DriverEvent, type QueueStatus, xoffLevel, xonLevel } from "./frameQueue.ts"
import type { Release } from "./release.ts"

/** A text message from our side, read but not yet obeyed. */
export interface Command {
  readonly name: string
  /** `correlation_id`, empty when none was given. */
  readonly id: string
  readonly direction: string | undefined
}

/** Longer commands are not read at all (Asterisk: chan_websocket, control messages), bytes. */
export const maxCommandBytes = 128

const JsonCommand = Schema.Struct({
  command: Schema.String,
  correlation_id: Schema.optionalKey(Schema.String),
  direction: Schema.optionalKey(Schema.String)
})
const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeCommand = Schema.decodeUnknownResult(JsonCommand)

/** Reads a text message. `unreadable` is answered with an ERROR event, `unknown` only with a line in Asterisk's log. */
export const readCommand = (text: string, control: Control): Command | "unreadable" | "unknown" => {
  if (control === "plain-text") {
    const blank = text.indexOf(" ")
    const name = blank < 0 ? text : text.slice(0, blank)
    return { name, id: blank < 0 ? "" : text.slice(blank + 1), direction: undefined }
  }
  const json = decodeJson(text)
  if (Result.isFailure(json)) return "unreadable"
  const read = decodeCommand(json.success)
  if (Result.isFailure(read)) return "unknown"
  const { command, correlation_id = "", direction } = read.success
  return { name: command, id: correlation_id, direction }
}

export type Control = "json" | "plain-text"

/** Words an event, with blanks between `key:value` or as an object. */
export interface Speaker {
  readonly control: Control
  readonly start: (stream: MediaStart) => string
  readonly driver: (event: DriverEvent) => string
  readonly digit: (digit: string) => string
  readonly status: (status: QueueStatus) => string
  /** Undefined where the release knows no ERROR. */
  readonly error: (text: string) => string | undefined
}

export interface MediaStart {
  readonly connectionId: string
  readonly channelName: string
  readonly channelId: string
  readonly format: MediaFormat
}

type Pairs = ReadonlyArray<readonly [string, string | number | boolean]>

export const makeSpeaker = (control: Control, release: Release, channelId: string): Speaker => {
  const channel = (id: string): Pairs => (release.namesChannels ? [["channel_id", id]] : [])
  const say = (event: string, pairs: Pairs, more: Readonly<Record<string, unknown>> = {}) =>
    control === "json"
      ? JSON.stringify({ event, ...Object.fromEntries(pairs), ...more })
      : [event, ...pairs.map(([key, value]) => `${key}:${value}`)].join(" ")
  const jsonOnly = control === "json" ? channel(channelId) : []
  return {
    control,
    start: ({ channelId: id, channelName, connectionId, format }) =>
      say(
        "MEDIA_START",
        [
          ["connection_id", connectionId],
          ["channel", channelName],
          ...channel(id),
          ["format", format.name],
          ["optimal_frame_size", format.frameBytes],
          ["ptime", 20]
        ],
        { channel_variables: mediaVariables(connectionId, format) }
      ),
    driver: (event) => {
      if (!("id" in event)) return say(event.event, jsonOnly)
      if (control === "json") return say(event.event, [...jsonOnly, ["correlation_id", event.id]])
      return event.id === "" ? event.event : `${event.event} ${event.id}`
    },
    digit: (digit) =>
      say("DTMF_END", control === "json" ? [...jsonOnly, ["digit", digit]] : [["digit", digit], ...channel(channelId)]),
    status: ({ bulk, full, length, paused }) =>
      say("STATUS", [
        ...channel(channelId),
        ["queue_length", length],
        ["xon_level", xonLevel],
        ["xoff_level", xoffLevel],
        ["queue_full", full],
        ["bulk_media", bulk],
        ["media_paused", paused]
      ]),
    error: (text) =>
      release.takesTransportData ? say("ERROR", [...channel(channelId), ["error_text", text]]) : undefined
  }
}

export const mediaVariables = (connectionId: string, format: MediaFormat): Readonly<Record<string, string>> => ({
  MEDIA_WEBSOCKET_CONNECTION_ID: connectionId,
  MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE: String(format.frameBytes)
})
