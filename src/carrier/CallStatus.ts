import { Schema } from "effect"

/** The status of a call, the same for every carrier. The last five are final. */
export const CallStatus = Schema.Literals([
  "initiated",
  "ringing",
  "in-progress",
  "completed",
  "busy",
  "no-answer",
  "failed",
  "canceled"
])
export type CallStatus = typeof CallStatus.Type

const rank: Readonly<Record<CallStatus, number>> = {
  initiated: 0,
  ringing: 1,
  "in-progress": 2,
  completed: 3,
  busy: 3,
  "no-answer": 3,
  failed: 3,
  canceled: 3
}

/** Whether nothing may follow this status. */
export const isFinal = (status: CallStatus) => rank[status] === 3

/** Whether a call may move from one status to the other: only forward, and never out of a final status. */
export const mayMove = (from: CallStatus, to: CallStatus) => rank[to] > rank[from]
