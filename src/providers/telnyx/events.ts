import { Option, Schema } from "effect"

const OptionalText = Schema.optionalKey(Schema.NullOr(Schema.String))

/** The fields of an event's payload that are read; all but the first are optional in practice, and more may be there. */
const Payload = Schema.Struct({
  call_control_id: OptionalText,
  call_leg_id: OptionalText,
  call_session_id: OptionalText,
  connection_id: OptionalText,
  client_state: OptionalText,
  direction: OptionalText,
  from: OptionalText,
  to: OptionalText,
  caller_id_name: OptionalText,
  calling_party_type: OptionalText,
  shaken_stir_attestation: OptionalText,
  codec: OptionalText,
  hangup_cause: OptionalText,
  hangup_source: OptionalText,
  sip_hangup_cause: OptionalText,
  call_quality_stats: Schema.optionalKey(Schema.Json),
  failure_reason: OptionalText,
  stream_id: OptionalText,
  total_cost: OptionalText,
  cost_parts: Schema.optionalKey(Schema.Json)
})

const Envelope = Schema.fromJsonString(
  Schema.Struct({
    data: Schema.Struct({
      event_type: Schema.String,
      id: OptionalText,
      occurred_at: OptionalText,
      payload: Payload
    })
  })
)

/** A webhook of Telnyx (Telnyx: Receiving webhooks for Programmable Voice). */
export interface TelnyxEvent {
  /** In the form of version 2 of the webhooks, `call.hangup`. */
  readonly type: string
  /** The same for every delivery of the event. */
  readonly id: string | undefined
  readonly occurredAt: string | undefined
  readonly payload: typeof Payload.Type
}

const readEnvelope = Schema.decodeUnknownOption(Envelope)
const readClaim = Schema.decodeUnknownOption(
  Schema.fromJsonString(
    Schema.Struct({ data: Schema.Struct({ payload: Schema.Struct({ connection_id: Schema.String }) }) })
  )
)

/** Names of version 1 of the webhooks. Only these: names of version 2 have underscores as well. */
const version1: ReadonlyMap<string, string> = new Map(
  [
    "call.initiated",
    "call.answered",
    "call.bridged",
    "call.hangup",
    "call.cost",
    "streaming.started",
    "streaming.stopped",
    "streaming.failed"
  ].map((name) => [name.replace(".", "_"), name])
)

const textOf = (body: Uint8Array) => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")

/** The event of a webhook's body. Undefined: it is none that can be read. */
export const readEvent = (body: Uint8Array): TelnyxEvent | undefined => {
  const envelope = Option.getOrUndefined(readEnvelope(textOf(body)))
  if (envelope === undefined) return undefined
  const { event_type, id, occurred_at, payload } = envelope.data
  return {
    type: version1.get(event_type) ?? event_type,
    id: id ?? undefined,
    occurredAt: occurred_at ?? undefined,
    payload
  }
}

/** The application that a body names; nothing of it is believed. An id that is a number has lost its last digits. */
export const connectionIdOf = (body: Uint8Array): string | undefined => {
  const id = Option.getOrUndefined(readClaim(textOf(body)))?.data.payload.connection_id ?? ""
  return /^\d{1,32}$/.test(id) ? id : undefined
}
