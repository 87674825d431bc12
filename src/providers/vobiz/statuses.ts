import { DateTime, Option } from "effect"
import type { CallStatus } from "../../carrier/CallStatus.ts"
import type { CallCost } from "../../carrier/TelephonyProvider.ts"

const statuses: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["queued", "initiated"],
  ["initiated", "initiated"],
  ["ringing", "ringing"],
  ["in-progress", "in-progress"],
  ["completed", "completed"],
  ["busy", "busy"],
  ["no-answer", "no-answer"],
  ["timeout", "no-answer"],
  ["cancel", "canceled"],
  ["cancelled", "canceled"],
  ["canceled", "canceled"],
  ["failed", "failed"]
])

/** Vobiz's word for the state of a call as the common one. Undefined: a word that Vobiz did not have so far. */
export const callStatus = (word: string): CallStatus | undefined => statuses.get(word)

/** What the hangup code, or else the text cause, of an unanswered call means (Vobiz: Hangup causes). */
const causes: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["1000", "canceled"],
  ["3000", "no-answer"],
  ["3010", "busy"],
  ["3100", "busy"],
  ["6010", "no-answer"],
  ["9000", "canceled"],
  ["9100", "completed"],
  ["USER_BUSY", "busy"],
  ["NO_ANSWER", "no-answer"],
  ["NO_USER_RESPONSE", "no-answer"],
  ["ORIGINATOR_CANCEL", "canceled"]
])

/** How a call ended that Vobiz calls completed although nobody answered it. */
export const unanswered = (code: string | undefined, cause: string | undefined): CallStatus =>
  (code === undefined ? undefined : causes.get(code)) ??
  (cause === undefined ? undefined : causes.get(cause)) ??
  "failed"

/** Whole seconds, in ms. Absent for calls that never connected, which lasted no time. */
export const durationMs = (seconds: string | number | null | undefined): number =>
  /^\d{1,9}$/.test(String(seconds ?? "")) ? Number(seconds) * 1000 : 0

/** The price of a call's record, in the record's own currency. */
export const callCost = (
  total: string | number | null | undefined,
  currency: string | null | undefined
): CallCost | undefined => {
  const amount = String(total ?? "")
  const unit = (currency ?? "").toUpperCase()
  return /^\d+(\.\d+)?$/.test(amount) && /^[A-Z]{3}$/.test(unit) ? { amount, currency: unit } : undefined
}

/** The times of a hangup are Indian time without saying so, wherever the call was; as ISO 8601 in UTC. */
export const indianTime = (text: string | undefined): string | undefined => {
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?$/.exec(text ?? "")
  return parts === null
    ? undefined
    : Option.getOrUndefined(Option.map(DateTime.make(`${parts[1]}T${parts[2]}+05:30`), DateTime.formatIso))
}
