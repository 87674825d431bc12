import { DateTime } from "effect"
import { type CallStatus, isFinal, mayMove } from "../carrier/CallStatus.ts"
import type { StatusReport } from "../carrier/TelephonyProvider.ts"
import type { Call, MediaState } from "./Call.ts"
import type { CallRecord } from "./callRow.ts"
import { farewellSeconds, hangupGraceSeconds, mediaSeconds, reserveSeconds, ringSeconds } from "./deadlines.ts"
import { type EndReason, owners } from "./EndReason.ts"

/** What a transition needs to know besides the row: the database's clock, and the longest that a call may last, s. */
export interface Conditions {
  readonly now: DateTime.Utc
  readonly maxCallSeconds: number
}

const later = (now: DateTime.Utc, seconds: number) => DateTime.add(now, { seconds })

/** When a call in this state is overdue. */
export const deadline = (
  call: Pick<Call, "direction" | "status" | "mediaState" | "transferredAt">,
  { now, maxCallSeconds }: Conditions
): DateTime.Utc => {
  const isWithDestination = call.transferredAt !== undefined
  if (call.mediaState === "ended" && !isWithDestination) return later(now, farewellSeconds)
  if (call.mediaState === "streaming" || isWithDestination) return later(now, maxCallSeconds + reserveSeconds)
  if (call.direction === "inbound" || call.status === "in-progress") return later(now, mediaSeconds)
  return later(now, ringSeconds + reserveSeconds)
}

/** The reason that a carrier's final status stands for, when nobody had ended the call before. */
const reasonOf = ({ direction, transferredAt }: Call, status: CallStatus): EndReason => {
  if (transferredAt !== undefined) return "transferred"
  if (direction === "inbound" && (status === "canceled" || status === "no-answer")) return "caller_hung_up"
  if (status === "busy") return "busy"
  if (status === "no-answer") return "no_answer"
  if (status === "canceled") return "canceled"
  if (status === "failed") return "carrier_failed"
  return direction === "inbound" ? "caller_hung_up" : "callee_hung_up"
}

/** The final status of a call that we ended for a reason, before or without the carrier's own word. */
const statusOf = (call: Call, reason: EndReason): CallStatus => {
  if (call.answeredAt !== undefined) return "completed"
  if (reason === "busy") return "busy"
  if (reason === "no_answer") return "no-answer"
  const chosen: ReadonlyArray<EndReason> = ["canceled", "operator_ended", "agent_ended", "drained", "caller_hung_up"]
  return chosen.includes(reason) ? "canceled" : "failed"
}

/** The call ended for a reason; `tellCarrier` leaves a note that the carrier is still to be told. */
export const ended = (call: CallRecord, reason: EndReason, { now }: Conditions, tellCarrier = false): CallRecord => ({
  ...call,
  status: isFinal(call.status) ? call.status : statusOf(call, reason),
  endedAt: now,
  endReason: reason,
  endOwner: owners[reason],
  hangupDueAt: tellCarrier ? later(now, hangupGraceSeconds) : undefined
})

const longer = (a: number | undefined, b: number | undefined) =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b)

/** When the call was answered, as far as this report tells: an answer is a fact even when we learn of it late. */
const answer = (call: CallRecord, report: StatusReport, now: DateTime.Utc): DateTime.Utc | undefined => {
  const heardAt = call.endedAt ?? now
  if (report.status === "in-progress") return call.answeredAt ?? heardAt
  if (report.status !== "completed") return call.answeredAt
  return (
    call.answeredAt ??
    DateTime.max(DateTime.subtract(heardAt, { milliseconds: report.durationMs ?? 0 }), call.createdAt)
  )
}

/**
 * The row after a carrier's report. Facts are only added, the status only moves forward, and never out of a final one:
 * so repetition and order of the reports do not show in the row.
 */
export const reported = (call: CallRecord, report: StatusReport, conditions: Conditions): CallRecord => {
  const { now } = conditions
  const known: CallRecord = {
    ...call,
    providerCallId: call.providerCallId ?? report.providerCallId,
    memory: { ...call.memory, ...report.memory },
    durationMs: longer(call.durationMs, report.durationMs),
    cost: call.cost ?? report.cost,
    answeredBy:
      call.answeredBy === undefined || call.answeredBy === "unknown"
        ? (report.answeredBy ?? call.answeredBy)
        : call.answeredBy,
    answeredAt: answer(call, report, now)
  }
  const status = report.status
  if (status === undefined) return known
  if (call.endedAt !== undefined) return isFinal(status) ? { ...known, hangupDueAt: undefined } : known
  if (!mayMove(call.status, status)) return known
  const moved: CallRecord = { ...known, status }
  if (isFinal(status)) return ended(moved, reasonOf(call, status), conditions)
  // An inbound call's media is due from its arrival on, whatever its carrier says meanwhile.
  const extended = call.mediaState === "none" && call.direction === "outbound"
  return extended ? { ...moved, deadlineAt: deadline(moved, conditions) } : moved
}

/** What we take a carrier's `completed` for, while nothing tells better. */
const presumed: ReadonlyArray<EndReason | undefined> = ["caller_hung_up", "callee_hung_up"]

/**
 * The row after its carrier could not open, or lost, the media. A carrier whose stream broke ends the call as if somebody
 * had hung up, and its two callbacks come in either order: whichever is first, the reason is the broken stream. A stream
 * that had ended in an orderly way before (`orderly`) is not what failed.
 */
export const mediaBroke = (call: CallRecord, orderly: boolean, conditions: Conditions): CallRecord => {
  if (orderly) return call
  const opened = call.mediaState === "streaming" || call.mediaState === "ended"
  const reason: EndReason = opened ? "media_lost" : "media_never_started"
  // Only an answered call has media to lose.
  const answered = { ...call, answeredAt: call.answeredAt ?? conditions.now }
  if (call.endedAt === undefined) return ended(answered, reason, conditions, true)
  return presumed.includes(call.endReason) ? { ...call, endReason: reason, endOwner: owners[reason] } : call
}

const mediaRank: Readonly<Record<MediaState, number>> = { none: 0, connecting: 1, streaming: 2, ended: 3 }

/** The row after its media moved on; undefined when that would be backwards. Audio that streams proves the answer. */
export const mediaMoved = (call: CallRecord, to: MediaState, conditions: Conditions): CallRecord | undefined => {
  if (mediaRank[to] <= mediaRank[call.mediaState]) return undefined
  const moved: CallRecord = { ...call, mediaState: to }
  if (call.endedAt !== undefined) return moved
  const answered: CallRecord =
    to === "streaming" && mayMove(call.status, "in-progress")
      ? { ...moved, status: "in-progress", answeredAt: call.answeredAt ?? conditions.now }
      : moved
  return { ...answered, deadlineAt: deadline(answered, conditions) }
}
