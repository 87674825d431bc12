import { Effect, Result } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, asWritten, microseconds, withOffset } from "./account.ts"
import { canceledBy, loopDetected, normalHangup } from "./hangups.ts"
import { hookOf } from "./hook.ts"
import { billedSeconds, costOf, isRinging, type Leg, type Next, rateOf, talkSeconds } from "./leg.ts"
import { endLeg, transferLeg } from "./legs.ts"
import { noContent, notAllowed, notFound, ok, page, refuse } from "./replies.ts"
import { type Parameters, readParameters, urlProblem } from "./restBody.ts"

/** How many transfers a call may have in its life. */
const maxTransfers = 70

export const isLive = (leg: Leg) => !isOver(leg) && (leg.answeredMs !== undefined || isRinging(leg))

const isQueued = (leg: Leg) => ["queued", "initiated"].includes(leg.record.state)

/** A call that is going on, or waits (Plivo: live and queued calls). */
const liveResource = (leg: Leg) => ({
  call_status: isQueued(leg) ? "queued" : leg.record.state,
  call_uuid: leg.id,
  caller_name: leg.callerName,
  direction: leg.direction,
  from: asWritten(leg.from),
  to: asWritten(leg.to),
  request_uuid: leg.requestId,
  session_start: microseconds(leg.createdMs),
  stir_verification: "Not Applicable"
})

const sources: Readonly<Record<string, string>> = { Callee: "Call recipient" }

/** The record of a call that is over (Plivo: CDR). It has no duration and no status under those names. */
const callRecord = (account: Account, leg: Leg) => {
  const { ending } = leg
  const price = leg.rated ? costOf(leg) : "0.00000"
  return {
    answer_time: leg.answeredMs === undefined ? null : withOffset(leg.answeredMs),
    bill_duration: talkSeconds(leg),
    billed_duration: billedSeconds(leg),
    call_direction: leg.direction,
    call_duration: talkSeconds(leg),
    call_state: leg.answeredMs === undefined ? ending?.cause : "ANSWER",
    call_uuid: leg.id,
    conference_uuid: null,
    end_time: leg.endedMs === undefined ? null : withOffset(leg.endedMs),
    from_number: asWritten(leg.from),
    hangup_cause_code: ending?.code ?? 0,
    hangup_cause_name: ending?.name ?? "Unknown",
    hangup_source: ending === undefined ? "Unknown" : (sources[ending.source] ?? ending.source),
    initiation_time: withOffset(leg.createdMs),
    parent_call_uuid: leg.parentId ?? null,
    resource_uri: `/v1/Account/${account.id}/Call/${leg.id}/`,
    stir_attestation: "",
    stir_verification: "Not Applicable",
    to_number: asWritten(leg.to),
    total_amount: price,
    total_rate: leg.rated ? rateOf(leg) : "0.00000",
    voice_network_group: ""
  }
}

/** A query's `2024-10-25 14:13` or longer, UTC, compared as text. */
const atLeast = (written: string | null, ms: number) => written === null || microseconds(ms) >= written
const before = (written: string | null, ms: number) => written === null || microseconds(ms) <= written

/** Lists ids of calls that are live or queued, or the records of those that are over, newest first. */
export const listCalls = (
  account: Account,
  request: RestRequest,
  legs: Iterable<Leg>,
  hasRecord: (leg: Leg) => boolean
): RestReply => {
  const { query } = request
  const status = query.get("status")
  const all = Array.from(legs)
  if (status !== null) {
    if (status !== "live" && status !== "queued") return refuse(400, "status must be live or queued")
    return ok({ calls: all.filter(status === "live" ? isLive : isQueued).map(({ id }) => id) })
  }
  const filters = [
    ["from_number", "from_number"],
    ["to_number", "to_number"],
    ["call_direction", "call_direction"],
    ["parent_call_uuid", "parent_call_uuid"]
  ] as const
  const records = all
    .reverse()
    .filter(hasRecord)
    .filter((leg) => atLeast(query.get("end_time__gte"), leg.endedMs ?? 0))
    .filter((leg) => before(query.get("end_time__lte"), leg.endedMs ?? 0))
    .map((leg) => callRecord(account, leg))
  const shown = records.filter((record) =>
    filters.every(([name, key]) => !query.has(name) || asWritten(query.get(name) ?? "") === record[key])
  )
  return page(request, shown)
}

/** Reads, transfers or hangs up one call. */
export const oneCall = Effect.fnUntraced(function* (
  account: Account,
  request: RestRequest,
  leg: Leg | undefined,
  options: { readonly urlAllowed: (url: string) => boolean; readonly hasRecord: (leg: Leg) => boolean }
) {
  if (leg === undefined) return notFound()
  switch (request.method) {
    case "GET": {
      const status = request.query.get("status")
      if (status === "live") return isLive(leg) ? ok(liveResource(leg)) : notFound()
      if (status === "queued") return isQueued(leg) ? ok(liveResource(leg)) : notFound()
      if (status !== null) return refuse(400, "status must be live or queued")
      return options.hasRecord(leg) ? ok(callRecord(account, leg)) : notFound()
    }
    case "DELETE":
      // A call that waits in the queue is found under its request only.
      if (!isLive(leg)) return notFound()
      yield* endLeg(leg, leg.answeredMs === undefined ? canceledBy("API Request") : normalHangup("API Request"))
      return noContent
    case "POST":
      return yield* transfer(request, leg, options.urlAllowed)
    default:
      return notAllowed()
  }
})

/** Cancels a call that has not been answered yet (Plivo: hang up, queued calls). */
export const cancelRequest = Effect.fnUntraced(function* (leg: Leg | undefined) {
  if (leg === undefined || isOver(leg) || leg.answeredMs !== undefined) return notFound()
  yield* endLeg(leg, canceledBy("API Request"))
  return noContent
})

const nextOf = (parameters: Parameters, leg: "aleg" | "bleg"): Next | undefined => {
  const hook = hookOf(parameters.get(`${leg}_url`), parameters.get(`${leg}_method`))
  return hook === undefined ? undefined : { _tag: "Fetch", hook, asked: "Transfer", extra: [] }
}

/**
 * Transfers a call that was answered, the leg it has dialled, or both (Plivo: transfer a call). The leg that is not
 * transferred goes on with its own document.
 */
const transfer = Effect.fnUntraced(function* (request: RestRequest, leg: Leg, urlAllowed: (url: string) => boolean) {
  const parameters = readParameters(request)
  if (Result.isFailure(parameters)) return parameters.failure
  const problem = urlProblem(parameters.success, ["aleg_url", "bleg_url"], urlAllowed)
  if (problem !== undefined) return refuse(400, problem)
  const legs = parameters.success.get("legs") ?? "aleg"
  if (!["aleg", "bleg", "both"].includes(legs)) return refuse(400, "legs must be aleg, bleg or both")
  const wanted = (["aleg", "bleg"] as const).filter((each) => legs === each || legs === "both")
  const moves: Array<readonly [Leg, Next]> = []
  for (const each of wanted) {
    const next = nextOf(parameters.success, each)
    if (next === undefined) return refuse(400, `${each}_url is missing`)
    const moved = each === "aleg" ? leg : leg.partner?.leg
    if (moved === undefined || isOver(moved) || moved.answeredMs === undefined) return notFound()
    moves.push([moved, next])
  }
  if (legs === "both" && leg.partner !== undefined) leg.partner.bridge.parted = true
  for (const [moved, next] of moves) {
    moved.transfers += 1
    if (moved.transfers > maxTransfers) yield* endLeg(moved, loopDetected)
    else yield* transferLeg(moved, next)
  }
  return ok({ message: "call transferred" }, 202)
})
