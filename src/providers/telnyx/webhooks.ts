import { Effect } from "effect"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { type InboundCall, MalformedWebhook, type StatusReport } from "../../carrier/TelephonyProvider.ts"
import type { TransferLegReport } from "../../carrier/TransferStrategy.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { provider } from "./config.ts"
import { connectionIdOf, readEvent, type TelnyxEvent } from "./events.ts"
import { callCost, failureCode, type Hangup, hangupStatus, transferFailure } from "./statuses.ts"

/** Whether a request looks like Telnyx's: by the headers that only its webhooks have. */
export const recognize = ({ headers }: RawRequest): boolean =>
  headers["telnyx-signature-ed25519"] !== undefined || /^telnyx-webhooks/i.test(headers["user-agent"] ?? "")

/** The `connection_id` that a request claims, if it is one. */
export const claimedAccountId = ({ body }: RawRequest): string | undefined => connectionIdOf(body)

const malformed = (message: string) => Effect.fail(new MalformedWebhook({ provider, message }))

const missing = (name: string) => malformed(`The field ${name} is missing or empty.`)

/** The event of a webhook. */
export const eventOf = (request: VerifiedRequest): Effect.Effect<TelnyxEvent, MalformedWebhook> => {
  const event = readEvent(request.body)
  return event === undefined ? malformed("The body is no event that can be read.") : Effect.succeed(event)
}

const callControlId = ({ payload }: TelnyxEvent) => {
  const id = payload.call_control_id ?? ""
  return id === "" || id.length > 512 ? missing("call_control_id") : Effect.succeed(id)
}

/** Identifies an event among its deliveries: by its own id, or by what it says where it has none. */
export const dedupeKeyOf = ({ id, type, payload }: TelnyxEvent): string =>
  id === undefined ? `${type}:${payload.call_control_id ?? payload.call_leg_id ?? ""}` : `event:${id}`

/** What an event is about; those that are no state of a call may name none, and are about nothing that we know. */
const subjectId = (event: TelnyxEvent) =>
  isState(event) || (event.payload.call_control_id ?? "") !== ""
    ? callControlId(event)
    : Effect.succeed(event.payload.call_leg_id ?? "none")

/** The facts of an event that are there, by our names. */
const present = (facts: Readonly<Record<string, string | null | undefined>>): Readonly<Record<string, string>> => {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(facts)) {
    if (value !== null && value !== undefined && value !== "") kept[name] = value
  }
  return kept
}

/** The call that waits at the application's URL to be answered. Every other event announces none. */
export const parseInbound = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const event = readEvent(request.body)
  if (event === undefined || event.type !== "call.initiated") return undefined
  const { payload } = event
  if (payload.direction !== "incoming") return undefined
  const to = payload.to ?? ""
  const from = payload.from ?? ""
  const call: InboundCall = {
    providerCallId: yield* callControlId(event),
    from: from === "" ? "anonymous" : from,
    to: to === "" ? yield* missing("to") : to,
    details: present({
      caller_name: payload.caller_id_name,
      caller_type: payload.calling_party_type,
      stir_verdict: payload.shaken_stir_attestation,
      call_leg_id: payload.call_leg_id,
      call_session_id: payload.call_session_id
    })
  }
  return call
})

const hangupOf = ({ payload }: TelnyxEvent, isOurs: boolean): Hangup => ({
  cause: /^[a-z_]{1,64}$/.exec(payload.hangup_cause ?? "")?.[0] ?? "unspecified",
  sipCause: payload.sip_hangup_cause ?? undefined,
  hadAudio: typeof payload.call_quality_stats === "object" && payload.call_quality_stats !== null,
  isOurs
})

/** What the events of a call say about its state. There is none for ringing. */
const stateOf = (event: TelnyxEvent, isOurs: boolean): Pick<StatusReport, "status" | "rawStatus" | "failureCode"> => {
  switch (event.type) {
    case "call.initiated":
      return { status: "initiated", rawStatus: event.type }
    case "call.answered":
      return { status: "in-progress", rawStatus: event.type }
    case "call.hangup": {
      const hangup = hangupOf(event, isOurs)
      const code = failureCode(hangup)
      return {
        status: hangupStatus(hangup),
        rawStatus: hangup.cause,
        ...(code === undefined ? {} : { failureCode: code })
      }
    }
    default:
      return { status: undefined, rawStatus: /^[a-z_.]{1,64}$/.exec(event.type)?.[0] ?? "unknown" }
  }
}

/** The events that tell the state or the price of a call. Others may name another leg than the call's. */
export const isState = ({ type }: TelnyxEvent): boolean =>
  type === "call.initiated" || type === "call.answered" || type === "call.hangup" || type === "call.cost"

/**
 * An event of a call: its state, or its price. The id is the one that counts from now on: after the answer it may be another
 * than the dial's. How long the call lasted is not told.
 */
export const parseStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const event = yield* eventOf(request)
  const { payload, occurredAt } = event
  const providerCallId = yield* subjectId(event)
  const cost = event.type === "call.cost" ? callCost(payload.total_cost, payload.cost_parts) : undefined
  const report: StatusReport = {
    providerCallId,
    ...stateOf(event, request.urlToken === "call"),
    dedupeKey: dedupeKeyOf(event),
    details: present({
      occurred_at: occurredAt,
      call_leg_id: payload.call_leg_id,
      call_session_id: payload.call_session_id,
      codec: payload.codec,
      hangup_source: payload.hangup_source,
      sip_response_code: payload.sip_hangup_cause
    }),
    ...(cost === undefined ? {} : { cost }),
    ...(event.type === "call.answered" && occurredAt !== undefined ? { memory: { answered_at: occurredAt } } : {})
  }
  return report
})

const legStates = new Map<string, TransferLegReport["state"]>([
  ["call.initiated", "ringing"],
  ["call.answered", "answered"],
  ["call.hangup", "ended"]
])

/** What became of a transfer's destination. Undefined: the event says nothing about that. */
export const parseTransferLeg = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const event = yield* eventOf(request)
  const state = legStates.get(event.type)
  if (state === undefined) return undefined
  const hangup = hangupOf(event, true)
  const failure = state === "ended" ? transferFailure(hangup) : undefined
  const report: TransferLegReport = {
    providerCallId: yield* callControlId(event),
    state,
    rawStatus: state === "ended" ? hangup.cause : event.type,
    dedupeKey: dedupeKeyOf(event),
    ...(failure === undefined ? {} : { failure })
  }
  return report
})
