import { type Deferred, Effect } from "effect"
import type { CallbackLine } from "../../../simulator/Callbacks.ts"
import type { CallRecord } from "../../../simulator/CallRecord.ts"
import type { SimulatedState } from "../../../simulator/SimulatorModule.ts"
import { type Account, rfc2822 } from "./account.ts"
import type { Fields } from "./signing.ts"

/** A webhook as it is configured somewhere: where and how, and who is asked when that fails. */
export interface Hook {
  readonly url: string
  readonly method: "GET" | "POST"
  readonly fallback?: { readonly url: string; readonly method: "GET" | "POST" }
}

/** What runs next on a call: markup that is there already, or a hook to ask for it. */
export type Next =
  | { readonly _tag: "Run"; readonly markup: string; readonly baseUrl: string | undefined }
  | { readonly _tag: "Fetch"; readonly hook: Hook; readonly extra: Fields }

/** A final state, and the SIP code that the status callback tells. */
export interface Final {
  readonly state: Extract<SimulatedState, "completed" | "busy" | "no-answer" | "failed" | "canceled">
  readonly sipCode: number
}

export const completed: Final = { state: "completed", sipCode: 200 }

export type StatusEvent = "initiated" | "ringing" | "answered" | "completed"

/** One call at the carrier. The mutable part belongs to its lifecycle. */
export interface Leg {
  readonly id: string
  readonly direction: "inbound" | "outbound"
  readonly from: string
  readonly to: string
  readonly record: CallRecord
  readonly line: CallbackLine
  readonly subscription: { readonly hook: Hook; readonly events: ReadonlyArray<StatusEvent>; next: number } | undefined
  /** More fields of the voice request. */
  readonly extra: Fields
  readonly createdMs: number
  queueMs: number
  startedMs: number | undefined
  answeredMs: number | undefined
  endedMs: number | undefined
  answeredBy: string | undefined
  detectionMs: number | undefined
  price: string | undefined
  /** Completed by whoever ends the call from outside its own script. */
  readonly over: Deferred.Deferred<Final>
  /** Completed by a REST redirect; replaced each time. */
  redirect: Deferred.Deferred<Next>
  /** Completed when everything about the call is done. */
  readonly settled: Deferred.Deferred<void>
}

/** Seconds from answer to end; undefined for calls that never connected. */
const durationOf = (leg: Leg) =>
  leg.answeredMs === undefined || leg.endedMs === undefined
    ? undefined
    : Math.round((leg.endedMs - leg.answeredMs) / 1000)

/** The fields that every webhook about a call carries (Twilio: voice request). */
export const callFields = (account: Account, leg: Leg): Fields => {
  const fields: Array<readonly [string, string]> = [
    ["AccountSid", account.sid],
    ["ApiVersion", "2010-04-01"],
    ["CallSid", leg.id],
    ["CallStatus", leg.record.state === "queued" ? "initiated" : leg.record.state],
    ["Called", leg.to],
    ["Caller", leg.from],
    ["Direction", leg.direction === "inbound" ? "inbound" : "outbound-api"],
    ["From", leg.from],
    ["To", leg.to]
  ]
  for (const party of ["From", "To", "Caller", "Called"]) {
    for (const part of ["City", "State", "Zip"]) fields.push([party + part, ""])
  }
  if (leg.direction === "inbound") fields.push(["StirVerstat", "TN-Validation-Passed-A"])
  if (leg.answeredBy !== undefined) fields.push(["AnsweredBy", leg.answeredBy])
  if (leg.detectionMs !== undefined) fields.push(["MachineDetectionDuration", String(leg.detectionMs)])
  return fields
}

/** What the final status callback adds. `Duration` is in minutes, rounded up; `CallDuration` in seconds. */
export const finalFields = (leg: Leg, final: Final): Fields => {
  const seconds = durationOf(leg) ?? 0
  return [
    ["CallDuration", String(seconds)],
    ["Duration", String(Math.ceil(seconds / 60))],
    ["SipResponseCode", String(final.sipCode)]
  ]
}

const date = (ms: number | undefined) => (ms === undefined ? null : rfc2822(ms))

/** The call as the REST API shows it (Twilio: Call resource). Numbers are strings or null. */
export const callResource = (account: Account, leg: Leg) => {
  const state = leg.record.state === "initiated" ? "queued" : leg.record.state
  const uri = `/2010-04-01/Accounts/${account.sid}/Calls/${leg.id}`
  const seconds = durationOf(leg)
  const own = leg.direction === "inbound" ? leg.to : leg.from
  return {
    sid: leg.id,
    account_sid: account.sid,
    status: state,
    from: leg.from,
    from_formatted: leg.from,
    to: leg.to,
    to_formatted: leg.to,
    direction: leg.direction === "inbound" ? "inbound" : "outbound-api",
    api_version: "2010-04-01",
    answered_by: leg.answeredBy ?? null,
    caller_name: null,
    forwarded_from: null,
    group_sid: null,
    parent_call_sid: null,
    phone_number_sid: account.numbers.get(own)?.sid ?? null,
    trunk_sid: null,
    date_created: date(leg.createdMs),
    date_updated: date(leg.endedMs ?? leg.answeredMs ?? leg.createdMs),
    start_time: date(leg.startedMs),
    end_time: date(leg.endedMs),
    duration: seconds === undefined ? null : String(seconds),
    price: leg.price ?? null,
    price_unit: "USD",
    queue_time: String(leg.queueMs),
    uri: `${uri}.json`,
    subresource_uris: { recordings: `${uri}/Recordings.json`, streams: `${uri}/Streams.json` }
  }
}

export const note = (leg: Leg, text: string) =>
  Effect.sync(() => {
    leg.record.notes.push(text)
    leg.record.changed()
  })

export const complain = (leg: Leg, error: string) =>
  Effect.sync(() => {
    leg.record.errors.push(error)
    leg.record.changed()
  })
