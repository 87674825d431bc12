import { DateTime, Option, Schema } from "effect"
import { Channel } from "./resources.ts"

const Text = Schema.optionalKey(Schema.NullOr(Schema.String))

/** An event of the events socket (Asterisk: ARI, events), the fields that are read. */
const Event = Schema.Struct({
  type: Schema.String,
  application: Text,
  timestamp: Text,
  args: Schema.optionalKey(Schema.Array(Schema.String)),
  channel: Schema.optionalKey(Channel),
  replace_channel: Schema.optionalKey(Channel),
  peer: Schema.optionalKey(Channel),
  dialstatus: Text,
  cause: Schema.optionalKey(Schema.Finite),
  cause_txt: Text,
  /** A number: SIP status or WebSocket close code. */
  tech_cause: Schema.optionalKey(Schema.Finite)
})
export type AriEvent = typeof Event.Type

/** What is acted upon; a PBX tells of much more. */
const wanted = /"type"\s*:\s*"(?:StasisStart|StasisEnd|ChannelStateChange|Dial|ChannelDestroyed|ApplicationReplaced)"/

const readEvent = Schema.decodeUnknownOption(Schema.fromJsonString(Event))

/** Undefined: an event that is of no interest, or none at all. */
export const parseEvent = (text: string): AriEvent | undefined =>
  wanted.test(text) ? Option.getOrUndefined(readEvent(text)) : undefined

/** ms since 1970 of `2026-09-05T09:00:00.200+0000`: ISO 8601 with an offset without a colon. */
export const timeOf = ({ timestamp }: AriEvent): number | undefined => {
  const time = DateTime.make((timestamp ?? "").replace(/([+-]\d{2})(\d{2})$/, "$1:$2"))
  return Option.getOrUndefined(Option.map(time, DateTime.toEpochMillis))
}
