import { Effect } from "effect"
import type { Schema } from "effect"
import { isFinal } from "../../carrier/CallStatus.ts"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CallReference, StatusReport } from "../../carrier/TelephonyProvider.ts"
import { provider } from "./config.ts"
import { digitsOf } from "./numberFormats.ts"
import type { CallRecord } from "./resources.ts"
import type { VobizRest } from "./rest.ts"
import { callCost, callStatus, durationMs, unanswered } from "./statuses.ts"

/** A leg to be dialled, with the URLs that tell about it. */
interface Leg {
  readonly from: string
  readonly to: string
  readonly answerUrl: string
  readonly statusUrl: string
  readonly ringTimeoutSeconds: number
  readonly maxDurationSeconds: number
}

/** Limits of the API that Vobiz follows, s. */
const longestRing = 600
const longestCall = 86_400

const seconds = (value: number, most: number) => Math.min(Math.max(1, Math.ceil(value)), most)

/** What places a call (Vobiz: Make a call). That `ring_timeout` is honoured is not confirmed. */
export const dialBody = (leg: Leg): Readonly<Record<string, Schema.Json>> => ({
  from: digitsOf(leg.from),
  to: digitsOf(leg.to),
  answer_url: leg.answerUrl,
  answer_method: "POST",
  ring_url: leg.statusUrl,
  ring_method: "POST",
  hangup_url: leg.statusUrl,
  hangup_method: "POST",
  ring_timeout: seconds(leg.ringTimeoutSeconds, longestRing),
  time_limit: seconds(leg.maxDurationSeconds, longestCall)
})

/**
 * A call with this id at Vobiz: up, queued, or on record. Undefined where it is none of these, which is also so for some time
 * after its end.
 */
export const askFor = Effect.fnUntraced(function* (rest: VobizRest, id: string) {
  const open = (yield* rest.openCall(id, "live")) ?? (yield* rest.openCall(id, "queued"))
  if (open !== undefined) {
    const status = callStatus(open.call_status)
    const report: StatusReport = {
      providerCallId: id,
      status: status !== undefined && isFinal(status) ? undefined : status,
      rawStatus: open.call_status,
      dedupeKey: `poll:${id}:${open.call_status}`
    }
    return report
  }
  const record = yield* rest.record(id)
  return record === undefined ? undefined : recordReport(id, record)
})

const recordReport = (id: string, record: CallRecord): StatusReport => {
  const lasted = durationMs(record.billsec)
  const code = record.hangup_cause_code === null ? undefined : record.hangup_cause_code?.toString()
  const answered = lasted > 0 || (record.answer_time ?? "") !== ""
  const status = answered ? "completed" : unanswered(code, record.hangup_cause ?? undefined)
  const cost = callCost(record.total_cost, record.currency)
  return {
    providerCallId: id,
    status,
    rawStatus: record.hangup_cause ?? "ended",
    dedupeKey: `poll:${id}:record`,
    durationMs: lasted,
    details: {
      ...(code === undefined ? {} : { hangup_cause_code: code }),
      ...((record.hangup_source ?? "") === "" ? {} : { hangup_source: record.hangup_source ?? "" })
    },
    ...(cost === undefined ? {} : { cost }),
    ...(status === "completed" || code === undefined ? {} : { failureCode: code })
  }
}

/** The carrier's id of a call. Vobiz cannot be asked for a call by its numbers. */
export const idOf = ({ providerCallId }: CallReference): Effect.Effect<string, CarrierError> =>
  providerCallId === undefined ? Effect.fail(idUnknown) : Effect.succeed(providerCallId)

const idUnknown = new CarrierError({
  provider,
  kind: "unknown-outcome",
  message:
    "Vobiz has not told the call's id yet, and cannot be asked without it. Its callbacks tell, if the call exists."
})
