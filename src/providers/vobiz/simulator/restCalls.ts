import { randomUUID } from "node:crypto"
import { Deferred, Effect, Result } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Account, sessionTime, utcSeconds } from "./account.ts"
import { apiHangsUp } from "./ending.ts"
import { billRate } from "./fields.ts"
import { type Leg, type Next, note, secondsOf } from "./leg.ts"
import { digitsOf } from "./numbering.ts"
import { done, methodOf, notFound, ok, readJson, refuseCall } from "./replies.ts"

const callNotFound = refuseCall(404, "call not found")

/** A live call (Vobiz: retrieve live call). */
const liveResource = (leg: Leg) => ({
  api_id: randomUUID(),
  call_status: leg.record.state,
  call_uuid: leg.id,
  caller_name: "",
  direction: leg.direction,
  from: digitsOf(leg.from),
  to: digitsOf(leg.to),
  request_uuid: leg.id,
  session_start: sessionTime(leg.createdMs),
  stir_attestation: "",
  stir_verification: "Not Applicable"
})

const rupees = (minutes: number, perMinute: number) => (minutes * perMinute).toFixed(2)

/** The record of a call that is over (Vobiz: get CDR): `duration` has the ringing in it, `billsec` has not. */
const cdr = (account: Account, leg: Leg) => {
  const started = leg.startedMs ?? leg.createdMs
  const ended = leg.endedMs ?? started
  const minutes = Math.ceil(secondsOf(leg) / 60)
  const streamed = leg.record.stream === undefined ? 0 : minutes
  const cost = Number(rupees(minutes, Number(billRate)))
  const streamingCost = Number(rupees(streamed, 0.3))
  return {
    uuid: leg.id,
    account_id: account.authId,
    call_direction: leg.direction,
    caller_id_number: digitsOf(leg.from),
    destination_number: digitsOf(leg.to),
    start_time: utcSeconds(started),
    answer_time: leg.answeredMs === undefined ? null : utcSeconds(leg.answeredMs),
    end_time: utcSeconds(ended),
    duration: Math.round((ended - started) / 1000),
    billsec: secondsOf(leg),
    ring_time: Math.round(((leg.answeredMs ?? ended) - started) / 1000),
    cost: cost.toFixed(2),
    streaming_cost: streamingCost.toFixed(2),
    total_cost: (cost + streamingCost).toFixed(2),
    currency: "INR",
    hangup_cause: leg.final?.cause ?? "",
    hangup_cause_code: leg.final?.code ?? 0,
    hangup_cause_name: leg.final?.name ?? "",
    hangup_source: leg.final?.source === "API Request" ? "API" : (leg.final?.source ?? "Unknown"),
    bridge_uuid: null,
    codec: "PCMU",
    mos: 4.3
  }
}

export const readCdr = (account: Account, leg: Leg | undefined): RestReply =>
  leg?.rated === true ? ok({ success: true, data: cdr(account, leg) }) : refuseCall(404, "cdr not found")

/** The ids of calls that are up (Vobiz: retrieve live call). The list's shape is taken from the API that this one imitates. */
export const listCalls = (request: RestRequest, legs: Iterable<Leg>): RestReply => {
  const status = request.query.get("status")
  if (status !== "live" && status !== "queued") return refuseCall(400, "status parameter must be live or queued")
  const shown = Array.from(legs).filter(
    (leg) => !isOver(leg) && (leg.record.state === "queued") === (status === "queued")
  )
  return ok({ api_id: randomUUID(), calls: shown.map(({ id }) => id) })
}

/** Without `status` a call is a record, once there is one. */
const readCall = (account: Account, request: RestRequest, leg: Leg): RestReply => {
  const status = request.query.get("status")
  if (status === null) return readCdr(account, leg)
  const queued = leg.record.state === "queued"
  const shown = !isOver(leg) && ((status === "live" && !queued) || (status === "queued" && queued))
  return shown ? ok(liveResource(leg)) : callNotFound
}

/** Reads, transfers or hangs up one call. */
export const oneCall = Effect.fnUntraced(function* (
  account: Account,
  request: RestRequest,
  leg: Leg | undefined,
  urlAllowed: (url: string) => boolean
) {
  if (leg === undefined) return callNotFound
  if (request.method === "GET") return readCall(account, request, leg)
  if (request.method === "POST") return yield* transfer(request, leg, urlAllowed)
  if (isOver(leg)) return callNotFound
  leg.orphan = leg.record.media === "streaming" ? leg.streams.find(({ keptAlive }) => keptAlive) : undefined
  yield* apiHangsUp(leg)
  return done
})

/** Sends legs of a call that is up elsewhere (Vobiz: transfer call). */
const transfer = Effect.fnUntraced(function* (request: RestRequest, leg: Leg, urlAllowed: (url: string) => boolean) {
  const body = readJson(request)
  if (Result.isFailure(body)) return body.failure
  const legs = body.success.text("legs") ?? "aleg"
  if (legs !== "aleg" && legs !== "bleg" && legs !== "both") return refuseCall(400, "legs parameter is not valid")
  const next = (name: "aleg" | "bleg"): Next | undefined => {
    const url = body.success.text(`${name}_url`)
    if (url === undefined || !urlAllowed(url)) return undefined
    const method = methodOf(body.success.text(`${name}_method`)) ?? "POST"
    return { _tag: "Fetch", hook: { url, method }, origin: "transfer", extra: [] }
  }
  const [aleg, bleg] = [next("aleg"), next("bleg")]
  if (legs !== "bleg" && aleg === undefined) return refuseCall(400, "aleg_url parameter is missing or not valid")
  if (legs !== "aleg" && bleg === undefined) return refuseCall(400, "bleg_url parameter is missing or not valid")
  const { bridge } = leg
  if (isOver(leg) || leg.answeredMs === undefined) return refuseCall(404, "call not in progress")
  if (legs !== "aleg" && bridge === undefined) return refuseCall(404, "call has no other leg")
  const away = legs === "aleg" && bridge?.isDialled === true
  if (away) leg.bridge = undefined
  const other = legs === "aleg" ? undefined : bridge?.other
  if (other !== undefined) other.bridge = undefined
  if (legs !== "bleg" && aleg !== undefined) yield* Deferred.succeed(leg.redirect, aleg)
  if (other !== undefined && bleg !== undefined) yield* Deferred.succeed(other.redirect, bleg)
  if (bridge !== undefined && (away || other !== undefined)) yield* Deferred.succeed(bridge.parted, undefined)
  return ok({ api_id: randomUUID(), message: "call transferred", call_uuid: leg.id }, 202)
})

/** Presses digits into a call (Vobiz: send DTMF). They are in the call's notes. */
export const sendDigits = Effect.fnUntraced(function* (request: RestRequest, leg: Leg | undefined) {
  const body = readJson(request)
  if (Result.isFailure(body)) return body.failure
  if (leg === undefined || isOver(leg) || leg.answeredMs === undefined) return callNotFound
  const digits = body.success.text("digits") ?? ""
  if (!/^[0-9*#A-Dw]+$/i.test(digits)) return refuseCall(400, "digits parameter is missing or not valid")
  if (!["aleg", "bleg", "both"].includes(body.success.text("leg") ?? "aleg")) return refuseCall(400, "leg is not valid")
  yield* note(leg, `digits: ${digits}`)
  return ok({ api_id: randomUUID(), message: "digits sent" }, 202)
})

/** Ends one stream of a call, or all of them; the next element runs. */
export const stopStreams = Effect.fnUntraced(function* (leg: Leg | undefined, id: string | undefined) {
  const streams = (leg?.streams ?? []).filter((stream) => id === undefined || stream.id === id)
  if (leg === undefined || isOver(leg) || streams.length === 0) return notFound
  for (const stream of streams) yield* Deferred.succeed(stream.end, undefined)
  return done
})
