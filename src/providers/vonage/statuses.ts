import type { CallStatus } from "../../carrier/CallStatus.ts"
import type { CallCost } from "../../carrier/TelephonyProvider.ts"
import type { TransferFailure } from "../../carrier/TransferStrategy.ts"

const statuses: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["started", "initiated"],
  ["ringing", "ringing"],
  ["answered", "in-progress"],
  ["completed", "completed"],
  ["complete", "completed"],
  ["busy", "busy"],
  ["timeout", "no-answer"],
  ["unanswered", "no-answer"],
  ["cancelled", "canceled"],
  ["rejected", "failed"],
  ["failed", "failed"]
])

/** What Vonage says of a leg: its word, the finer reason, and whether it ever was answered. */
export interface LegState {
  readonly word: string
  readonly detail: string | undefined
  /** Whole seconds as text. */
  readonly duration: string | undefined
  readonly startTime: string | undefined
}

/** A leg may be `completed` without having been answered: then it has no start and no length. */
const wasNeverAnswered = ({ word, duration, startTime }: LegState) =>
  word.startsWith("complete") && duration === "0" && startTime === undefined

/** Vonage's word for the state of a leg as the common one. Undefined: a word that says nothing about the call. */
export const callStatus = (leg: LegState): CallStatus | undefined => {
  if (leg.word === "rejected" && leg.detail === "declined") return "busy"
  return wasNeverAnswered(leg) ? "no-answer" : statuses.get(leg.word)
}

/** Why the destination of a transfer did not answer. Undefined where it did. */
export const transferFailure = (leg: LegState): TransferFailure | undefined => {
  const { word, detail } = leg
  if (word === "busy") return "busy"
  if (word === "timeout" || word === "unanswered" || wasNeverAnswered(leg)) return "no_answer"
  if (word === "cancelled") return "canceled"
  if (word === "rejected") return detail === "declined" ? "rejected" : "unreachable"
  if (word === "failed") return detail === "internal_error" ? "carrier_failed" : "unreachable"
  return undefined
}

/** Seconds as text, in ms. Absent for legs that never connected, which lasted no time. */
export const durationMs = (seconds: string | undefined): number =>
  seconds !== undefined && /^\d{1,9}(\.\d{1,6})?$/.test(seconds) ? Math.round(Number(seconds) * 1000) : 0

const decimal = /^(\d{1,12})(?:\.(\d{1,12}))?$/

/** Decimal places that `decimal` allows: amounts are added as whole numbers of this unit. */
const places = 12

/**
 * What a call cost: the sum of its legs' prices, in euros (Vonage: Voice API, webhook reference). Undefined when one of them is
 * no price.
 */
export const callCost = (prices: ReadonlyArray<string>): CallCost | undefined => {
  const units = prices.map((price) => {
    const parts = decimal.exec(price)
    return parts === null ? undefined : BigInt((parts[1] ?? "") + (parts[2] ?? "").padEnd(places, "0"))
  })
  if (units.length === 0 || units.includes(undefined)) return undefined
  const total = units.reduce<bigint>((sum, unit) => sum + (unit ?? 0n), 0n)
  const digits = total.toString().padStart(places + 1, "0")
  const fraction = digits.slice(-places).replace(/0+$/, "")
  return { amount: digits.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`), currency: "EUR" }
}
