import { DateTime, Effect, Option } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { CallMemory, CallReference, StatusReport } from "../../carrier/TelephonyProvider.ts"
import { digitsOf } from "./dialForm.ts"
import type { CallRecord, LiveCall } from "./resources.ts"
import type { PlivoRest } from "./rest.ts"
import { callCost, callStatus, durationMs, finalStatus } from "./statuses.ts"

/** ms by which Plivo's clock may be behind ours. */
const clockSkew = 30_000

/** Live calls that are looked at one by one when a call's id is unknown. */
const maxLooks = 25

/** The call as Plivo has it: up, else over, else still in the queue. Undefined: Plivo shows no such call (yet, or any more). */
export const lookUp = Effect.fnUntraced(function* (rest: PlivoRest, id: string) {
  const live = yield* rest.liveCall(id)
  if (live !== undefined) return liveReport(live)
  const record = yield* rest.callRecord(id)
  if (record !== undefined) return finalReport(record)
  const queued = yield* rest.queuedCall(id)
  return queued === undefined ? undefined : liveReport(queued)
})

/**
 * The id of a call whose dial was not answered: one between the two numbers that was made since we made ours and is none of our
 * other calls. Calls that still wait in the queue are not listed by Plivo. Undefined: there is none.
 */
export const findId = Effect.fnUntraced(function* (rest: PlivoRest, call: CallReference) {
  const isOurs = (id: string, from?: string | null, to?: string | null, begun?: string | null) =>
    call.otherCalls?.has(id) !== true &&
    sameNumber(from, call.from) &&
    sameNumber(to, call.to) &&
    (timeOf(begun) ?? call.createdAtMs) >= call.createdAtMs - clockSkew

  const candidates = (yield* rest.liveCalls).filter((id) => call.otherCalls?.has(id) !== true)
  for (const id of candidates.slice(0, maxLooks)) {
    const live = yield* rest.liveCall(id)
    if (live !== undefined && isOurs(id, live.from, live.to, live.session_start)) return live.call_uuid
  }
  const records = yield* rest.recordsBetween(digitsOf(call.from), digitsOf(call.to))
  return records.findLast((record) =>
    isOurs(record.call_uuid, record.from_number, record.to_number, record.initiation_time)
  )?.call_uuid
})

/**
 * Ends a leg by the id that we have for it. Before any callback has confirmed that id it may be that of the request alone, and
 * the call may wait in the queue. Neither there is a success: the leg is over.
 */
export const endLeg = (rest: PlivoRest, id: string, memory: CallMemory): Effect.Effect<void, CarrierError> =>
  Effect.flatMap(rest.endCall(id), (ended) =>
    ended ? Effect.void : Effect.asVoid(rest.cancelRequest(memory["request_uuid"] ?? id))
  )

const sameNumber = (theirs: string | null | undefined, ours: string) => digitsOf(theirs ?? "") === digitsOf(ours)

/** Plivo's times: separated by a blank, with an offset or in UTC. */
const timeOf = (text: string | null | undefined): number | undefined => {
  const [date = "", time = "", ...rest] = (text ?? "").trim().split(" ")
  if (time === "" || rest.length > 0) return undefined
  const zoned = /(?:[+-]\d{2}:?\d{2}|Z)$/.test(time) ? time : `${time}Z`
  return Option.getOrUndefined(Option.map(DateTime.make(`${date}T${zoned}`), DateTime.toEpochMillis))
}

const liveReport = ({ call_uuid, call_status, request_uuid }: LiveCall): StatusReport => ({
  providerCallId: call_uuid,
  status: callStatus(call_status),
  rawStatus: call_status,
  dedupeKey: `poll:${call_uuid}:${call_status}`,
  ...((request_uuid ?? "") === "" ? {} : { memory: { request_uuid: request_uuid ?? "" } })
})

/** A record has no `call_status`; how the call ended follows from its hangup code. */
const finalReport = (record: CallRecord): StatusReport => {
  const duration = durationMs(record.call_duration)
  const code = record.hangup_cause_code === null ? undefined : record.hangup_cause_code?.toString()
  const status = finalStatus({
    word: undefined,
    code: code === "" ? undefined : code,
    durationMs: duration,
    answerTime: record.answer_time === undefined ? undefined : (record.answer_time ?? "")
  })
  const cost = callCost(record.total_amount)
  const rawStatus = record.call_state ?? record.hangup_cause_name ?? "ended"
  return {
    providerCallId: record.call_uuid,
    status,
    rawStatus: rawStatus === "" ? "ended" : rawStatus,
    dedupeKey: `poll:${record.call_uuid}:ended:${code ?? ""}`,
    durationMs: duration,
    ...(cost === undefined ? {} : { cost }),
    ...(code === "9100" ? { answeredBy: "machine" as const } : {}),
    ...(code !== undefined && code !== "" && status !== "completed" ? { failureCode: code } : {})
  }
}
