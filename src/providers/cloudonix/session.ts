import { DateTime, Option } from "effect"
import { type CallStatus, isFinal } from "../../carrier/CallStatus.ts"
import type { StatusReport } from "../../carrier/TelephonyProvider.ts"
import { type Fields, optionalText, tokenText } from "./fields.ts"

/** A session (one call leg) as the REST API and session updates show it, what is read of it. Times are ms since 1970. */
export interface Session {
  readonly token: string
  /** Cloudonix's word in lower case; it comes in any (`Ringing`, `ringing`). */
  readonly word: string
  readonly from: string
  readonly to: string
  readonly createdAtMs: number | undefined
  readonly answeredAtMs: number | undefined
  readonly endedAtMs: number | undefined
  readonly details: Readonly<Record<string, string>>
}

/** Session statuses (Cloudonix: Session data model), and names of other kinds of callback that are let pass. */
const words: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["new", "initiated"],
  ["processing", "initiated"],
  ["initiated", "initiated"],
  ["queued", "initiated"],
  ["ringing", "ringing"],
  ["connected", "in-progress"],
  ["answer", "in-progress"],
  ["answered", "in-progress"],
  ["in-progress", "in-progress"],
  ["completed", "completed"],
  ["noanswer", "no-answer"],
  ["no-answer", "no-answer"],
  ["busy", "busy"],
  ["cancel", "canceled"],
  ["canceled", "canceled"],
  ["cancelled", "canceled"],
  ["nocredit", "failed"],
  ["error", "failed"],
  ["congestion", "failed"],
  ["failed", "failed"]
])

/** Cloudonix's word for the state of a session as the common one. Undefined: one that means nothing to us (`external`). */
export const wordStatus = (word: string): CallStatus | undefined => words.get(word.toLowerCase())

/**
 * The state of a session. The word alone does not tell the end of an answered one, which keeps `connected`: the times do. One
 * that was answered is completed, whatever the word for its end.
 */
export const sessionStatus = ({ word, answeredAtMs, endedAtMs }: Session): CallStatus | undefined => {
  const named = wordStatus(word)
  if (named !== undefined && isFinal(named)) return answeredAtMs === undefined ? named : "completed"
  const answered = answeredAtMs !== undefined || named === "in-progress"
  if (endedAtMs !== undefined) return answered ? "completed" : "no-answer"
  return named !== undefined && answered ? "in-progress" : named
}

/** Whether nothing more can come of a session. */
export const isOver = (session: Session): boolean => {
  const status = sessionStatus(session)
  return status !== undefined && isFinal(status)
}

/** Reads a session. Undefined: it has no token or no status. */
export const readSession = (fields: Fields): Session | undefined => {
  const token = tokenText(fields["token"])
  const word = optionalText(fields, "status")
  if (token === undefined || word === undefined || word.length > 64) return undefined
  return {
    token,
    word: word.toLowerCase(),
    from: optionalText(fields, "callerId") ?? "",
    to: optionalText(fields, "destination") ?? "",
    createdAtMs: timeMs(fields["createdAt"]) ?? timeMs(fields["callStartTime"]),
    answeredAtMs: timeMs(fields["callAnswerTime"]) ?? timeMs(fields["answerTime"]),
    endedAtMs: timeMs(fields["callEndTime"]) ?? timeMs(fields["endTime"]),
    details: {
      ...named("reason", optionalText(fields, "reason")),
      ...named("last_error", optionalText(fields, "lastError"))
    }
  }
}

const named = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value.slice(0, 200) })

/** ms since 1970 from a number, from digits, or from an ISO date. Absent, zero and unreadable ones are undefined. */
const timeMs = (value: unknown): number | undefined => {
  if (typeof value === "string" && !/^\d{1,15}$/.test(value.trim()))
    return Option.getOrUndefined(Option.map(DateTime.make(value), DateTime.toEpochMillis))
  const ms = typeof value === "string" ? Number(value) : value
  return typeof ms === "number" && Number.isFinite(ms) && ms > 0 ? ms : undefined
}

/** How long an answered and ended session lasted; one that was never answered lasted no time. Undefined: not known. */
const durationMs = ({ answeredAtMs, endedAtMs }: Session, status: CallStatus): number | undefined => {
  if (status !== "completed") return 0
  return answeredAtMs === undefined || endedAtMs === undefined ? undefined : Math.max(0, endedAtMs - answeredAtMs)
}

/**
 * What a session says about its call. Cloudonix repeats the same update ten times and more, each under its own event id, so the
 * state itself is what tells updates apart.
 */
export const sessionReport = (session: Session, source: "session" | "poll"): StatusReport => {
  const { token, word, answeredAtMs, endedAtMs, details } = session
  const status = sessionStatus(session)
  const final = status !== undefined && isFinal(status)
  const lasted = final ? durationMs(session, status) : undefined
  return {
    providerCallId: token,
    status,
    rawStatus: word,
    dedupeKey: `${source}:${token}:${word}:${answeredAtMs ?? ""}:${endedAtMs ?? ""}`,
    details,
    ...(lasted === undefined ? {} : { durationMs: lasted }),
    ...(final && status !== "completed" ? { failureCode: word } : {})
  }
}
