import { Option, Schema } from "effect"

/** A control message of Asterisk's WebSocket channel, whichever of its two notations it came in. */
export interface ControlMessage {
  readonly event: string
  readonly notation: "json" | "plain"
  readonly field: (name: string) => string | undefined
}

const readJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const fromJson = (text: string): ControlMessage | undefined => {
  const message = Option.getOrUndefined(readJson(text))
  const event = message?.["event"]
  if (message === undefined || typeof event !== "string") return undefined
  return {
    event,
    notation: "json",
    field: (name) => {
      const value = message[name]
      return typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined
    }
  }
}

/** The words after which a mark or completion has its bare id. */
const withBareId = /^(MEDIA_MARK_PROCESSED|MEDIA_BUFFERING_COMPLETED)(?: (\S+))?$/

/** A word, then `key:value` pairs, split at the first colon (Asterisk: WebSocket channel, plain text). */
const fromPlain = (text: string): ControlMessage | undefined => {
  const [, word, id] = withBareId.exec(text) ?? []
  if (word !== undefined)
    return { event: word, notation: "plain", field: (name) => (name === "correlation_id" ? id : undefined) }
  const [event = "", ...pairs] = text.trim().split(" ")
  if (!/^[A-Z_]{2,40}$/.test(event)) return undefined
  const fields = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf(":")), pair.slice(pair.indexOf(":") + 1)]))
  return { event, notation: "plain", field: (name) => fields.get(name) }
}

/** Reads a text frame. Undefined: it is no control message. */
export const readControl = (text: string): ControlMessage | undefined =>
  text.startsWith("{") ? fromJson(text) : fromPlain(text)
