import { DateTime, Effect, Option, Result } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import type { Account } from "./account.ts"
import { callResource, completed, type Hook, type Leg, type Next, type StatusEvent } from "./leg.ts"
import { type DialPlan, endLeg, redirectLeg } from "./legs.ts"
import { notFound, ok, page, refuse } from "./replies.ts"
import type { Fields } from "./signing.ts"

/** Largest inline markup of a dial (Twilio error 32018), characters. */
const maxInlineTwiml = 4000
const e164 = /^\+[1-9]\d{6,14}$/
const dialable = /^(\+[1-9]\d{6,14}|sips?:[^\s@]+@[^\s@]+|client:.+)$/
const statusEvents: ReadonlyArray<StatusEvent> = ["initiated", "ringing", "answered", "completed"]

/** A dial request that was found good. */
export interface Dial {
  readonly from: string
  readonly to: string
  readonly plan: DialPlan
  readonly status: { readonly hook: Hook; readonly events: ReadonlyArray<StatusEvent> } | undefined
  /** Warnings by code; the call is placed all the same. */
  readonly warnings: ReadonlyArray<string>
}

const methodOf = (value: string | undefined) => (value?.toUpperCase() === "GET" ? "GET" : "POST")

const hookOf = (values: ReadonlyMap<string, string>, url: string, method: string): Hook | undefined => {
  const address = values.get(url)
  return address === undefined || address === "" ? undefined : { url: address, method: methodOf(values.get(method)) }
}

/** What is to run on a call: `Url` wins over `Twiml`. */
const nextOf = (values: ReadonlyMap<string, string>, extra: Fields): Next | undefined => {
  const hook = hookOf(values, "Url", "Method")
  const fallback = hookOf(values, "FallbackUrl", "FallbackMethod")
  if (hook !== undefined) {
    return { _tag: "Fetch", hook: fallback === undefined ? hook : { ...hook, fallback }, extra }
  }
  const markup = values.get("Twiml")
  return markup === undefined || markup === "" ? undefined : { _tag: "Run", markup, baseUrl: undefined }
}

const detectionOf = (values: ReadonlyMap<string, string>, warn: (text: string) => void): DialPlan["detection"] => {
  const kind = values.get("MachineDetection")
  if (kind === undefined || kind === "" || values.has("SendDigits")) return undefined
  if (kind !== "Enable" && kind !== "DetectMessageEnd") {
    warn("21263 invalid AMD parameters")
    return undefined
  }
  const verdicts = kind === "Enable" ? "start" : "end"
  if (values.get("AsyncAmd") !== "true") return { verdicts, hook: undefined }
  const hook = hookOf(values, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod")
  if (hook === undefined) {
    warn("21262 AsyncAmdStatusCallback is missing")
    return undefined
  }
  return { verdicts, hook }
}

const bad = (code: number, message: string) => Result.fail(refuse(400, code, message))

/** Checks a dial request (Twilio: create a call). The reply is an error with Twilio's code. */
export const readDial = (
  account: Account,
  fields: Fields,
  urlAllowed: (url: string) => boolean
): Result.Result<Dial, RestReply> => {
  const values = new Map(fields)
  const warnings: Array<string> = []
  const to = values.get("To") ?? ""
  const from = values.get("From") ?? ""
  if (to === "") return bad(21201, "No 'To' number is specified")
  if (!dialable.test(to)) return bad(21211, `The phone number you are attempting to call, ${to}, is not valid.`)
  if (from === "") return bad(21213, "No 'From' number is specified")
  if (!dialable.test(from)) return bad(21212, `The source phone number provided, ${from}, is not valid`)
  if (e164.test(from) && !account.numbers.has(from) && !account.callerIds.has(from)) {
    return bad(21210, `The source phone number provided, ${from}, is not yet verified for your account.`)
  }
  for (const name of ["Url", "FallbackUrl", "StatusCallback", "AsyncAmdStatusCallback"]) {
    const url = values.get(name)
    if (url !== undefined && url !== "" && !urlAllowed(url)) return bad(21205, `${name} is not a valid URL: ${url}`)
  }
  if (values.has("Url") && values.has("Twiml")) warnings.push("32019 Url used instead of Twiml")
  else if ((values.get("Twiml") ?? "").length > maxInlineTwiml)
    return bad(32018, "Twiml is longer than 4000 characters")
  const first = nextOf(values, [])
  if (first === undefined) return bad(21205, "Url or Twiml is required")

  const asked = fields.filter(([name]) => name === "StatusCallbackEvent").map(([, value]) => value)
  const events = statusEvents.filter((event) => (asked.length === 0 ? event === "completed" : asked.includes(event)))
  const unknown = asked.filter((value) => !statusEvents.some((event) => event === value))
  if (unknown.length > 0) warnings.push(`21626 invalid StatusCallbackEvent: ${unknown.join(", ")}`)
  const hook = unknown.length > 0 ? undefined : hookOf(values, "StatusCallback", "StatusCallbackMethod")
  const limit = Number(values.get("TimeLimit"))
  const plan: DialPlan = {
    first,
    ringSeconds: Math.min(600, Number(values.get("Timeout") ?? "60") || 60),
    limitSeconds: values.has("TimeLimit") && limit > 0 ? limit : undefined,
    detection: detectionOf(values, (text) => warnings.push(text))
  }
  return Result.succeed({ from, to, plan, status: hook === undefined ? undefined : { hook, events }, warnings })
}

/** Lists calls, newest first, by the filters of the Call resource. */
export const listCalls = (account: Account, request: RestRequest, legs: Iterable<Leg>): RestReply => {
  const { query } = request
  const resources = Array.from(legs)
    .reverse()
    .filter((leg) => inTime(leg, query))
    .map((leg) => callResource(account, leg))
  const filters = [
    ["To", "to"],
    ["From", "from"],
    ["Status", "status"]
  ] as const
  const shown = resources.filter((resource) =>
    filters.every(([name, key]) => !query.has(name) || query.get(name) === resource[key])
  )
  return page(request.path, query, "calls", query.has("ParentCallSid") ? [] : shown)
}

/** `StartTime` is a day; `StartTime<` and `StartTime>` (the query's `<=`, `>=`) are days or instants, inclusive. */
const inTime = (leg: Leg, query: URLSearchParams) => {
  const at = leg.startedMs ?? leg.createdMs
  const instant = (name: string) => {
    const value = query.get(name)
    return value === null ? undefined : Option.getOrUndefined(Option.map(DateTime.make(value), DateTime.toEpochMillis))
  }
  const day = 86_400_000
  const [on, before, after] = [instant("StartTime"), instant("StartTime<"), instant("StartTime>")]
  const beforeIsDay = query.get("StartTime<")?.length === 10
  // Instants travel in whole seconds.
  return (
    (on === undefined || (at >= on && at < on + day)) &&
    (before === undefined || at < before + (beforeIsDay ? day : 1000)) &&
    (after === undefined || at >= Math.floor(after / 1000) * 1000)
  )
}

/** Reads or changes one call. */
export const oneCall = Effect.fnUntraced(function* (
  account: Account,
  request: RestRequest,
  leg: Leg | undefined,
  urlAllowed: (url: string) => boolean
) {
  if (leg === undefined) return notFound(request.path)
  if (request.method === "GET") return ok(callResource(account, leg))
  const values = new Map(request.fields)
  if (isOver(leg)) return refuse(400, 21220, "Call is not in-progress. Cannot redirect.")
  const status = values.get("Status")
  if (status === "completed" && leg.answeredMs !== undefined) yield* endLeg(leg, completed)
  else if (status === "completed" || (status === "canceled" && leg.answeredMs === undefined)) {
    yield* endLeg(leg, { state: "canceled", sipCode: 487 })
  } else if (status !== undefined && status !== "canceled") return refuse(400, 21220, `Invalid Status ${status}`)

  const url = values.get("Url")
  if (url !== undefined && !urlAllowed(url)) return refuse(400, 21205, `Url is not a valid URL: ${url}`)
  const next = nextOf(values, [])
  if (next !== undefined) {
    if (leg.answeredMs === undefined) return refuse(400, 21220, "Call is not in-progress. Cannot redirect.")
    yield* redirectLeg(leg, next)
  }
  return ok(callResource(account, leg))
})
