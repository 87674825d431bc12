import type { CallStatus } from "../../carrier/CallStatus.ts"
import type { AnsweredBy, CallCost } from "../../carrier/TelephonyProvider.ts"

const statuses: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["queued", "initiated"],
  ["initiated", "initiated"],
  ["ringing", "ringing"],
  ["in-progress", "in-progress"],
  ["completed", "completed"],
  ["busy", "busy"],
  ["no-answer", "no-answer"],
  ["failed", "failed"],
  ["canceled", "canceled"]
])

/** Twilio's word for the state of a call as the common one. Undefined: a word that Twilio did not have so far. */
export const callStatus = (word: string): CallStatus | undefined => statuses.get(word)

/** Who answered, from `AnsweredBy` with its finer kinds of machine (`machine_start`, `machine_end_beep`, …). */
export const answeredBy = (verdict: string): AnsweredBy =>
  verdict === "human" ? "human" : verdict.startsWith("machine") ? "machine" : verdict === "fax" ? "fax" : "unknown"

/** Whole seconds as text, in ms. Absent for calls that never connected, which lasted no time. */
export const durationMs = (seconds: string | null | undefined): number =>
  seconds !== null && seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : 0

/** Twilio writes what we pay as a negative number, and null until the call is rated. */
export const callCost = (price: string | null | undefined, unit: string | null | undefined): CallCost | undefined => {
  const amount = /^-?(\d+(?:\.\d+)?)$/.exec(price ?? "")?.[1]
  const currency = (unit ?? "USD").toUpperCase()
  return amount === undefined || !/^[A-Z]{3}$/.test(currency) ? undefined : { amount, currency }
}
