import type { AnswerOf } from "../api/endpoints.ts"
import type { Tone } from "../parts/Badge.tsx"

export type Call = AnswerOf<"GET", "/api/v1/telephony/calls/:id">
export type CallStatus = Call["status"]
export type CallEvent = AnswerOf<"GET", "/api/v1/telephony/calls/:id/events">["events"][number]
export type Transfer = AnswerOf<"GET", "/api/v1/telephony/calls/:id/transfers">["transfers"][number]
export type Recording = AnswerOf<"GET", "/api/v1/telephony/calls/:id/recordings">["recordings"][number]

/** What people call a status, and how it looks. `rank`: a call only ever moves to a higher one. */
export const statuses: Readonly<Record<CallStatus, { readonly label: string; readonly tone: Tone; rank: number }>> = {
  initiated: { label: "Starting", tone: "plain", rank: 0 },
  ringing: { label: "Ringing", tone: "accent", rank: 1 },
  "in-progress": { label: "In progress", tone: "good", rank: 2 },
  completed: { label: "Completed", tone: "plain", rank: 3 },
  busy: { label: "Busy", tone: "warn", rank: 3 },
  "no-answer": { label: "No answer", tone: "warn", rank: 3 },
  failed: { label: "Failed", tone: "bad", rank: 3 },
  canceled: { label: "Canceled", tone: "plain", rank: 3 }
}

export const isLive = (call: Call) => call.ended_at === null

/** How far a call has come, by which the newer of two views of it is known: neither carries a version. */
const progress = (call: Call) =>
  statuses[call.status].rank * 100 +
  (call.ended_at === null ? 0 : 10) +
  (call.cost === null ? 0 : 5) +
  ["none", "connecting", "streaming", "ended"].indexOf(call.media_state)

/** The newer one of two views of a call; the second one if they have come equally far. */
export const newer = (one: Call | undefined, other: Call): Call =>
  one !== undefined && progress(one) > progress(other) ? one : other

/** How long a call has lasted since its answer, ms; undefined if nobody has answered. `now`: ms since 1970. */
export const lasted = (call: Call, now: number): number | undefined => {
  if (call.duration_ms !== null) return call.duration_ms
  if (call.answered_at === null) return undefined
  const end = call.ended_at === null ? now : Date.parse(call.ended_at)
  return Math.max(0, end - Date.parse(call.answered_at))
}

/** The price of a call as the reader's language writes it. Carriers price in fractions of a cent. */
export const costText = ({ amount, currency }: NonNullable<Call["cost"]>): string =>
  /^[A-Z]{3}$/.test(currency)
    ? new Intl.NumberFormat(undefined, { style: "currency", currency, maximumFractionDigits: 6 }).format(Number(amount))
    : `${amount} ${currency}`
