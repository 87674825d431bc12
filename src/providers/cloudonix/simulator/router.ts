import { Effect, Result, type Scope } from "effect"
import type { CallDesk } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import type { Conferences } from "./conferences.ts"
import { now } from "./domain.ts"
import type { Leg, Stage } from "./leg.ts"
import { forbidden, noContent, notFound, ok, throttled, unauthorized } from "./replies.ts"
import { applicationsOf, oneDomain } from "./restDomain.ts"
import { applicationDnids, dnidsOf } from "./restNumbers.ts"
import { controlSession, sessionsOf } from "./restSessions.ts"
import { trunksOf } from "./restTrunks.ts"

interface Target {
  readonly kind: "domain" | "calls"
  readonly domain: string
  readonly rest: ReadonlyArray<string>
}

/** A path segment decoded; undefined where its escapes are broken. */
const decoded = (segment: string) => Result.getOrUndefined(Result.try(() => decodeURIComponent(segment)))

/** The three forms of path: with the customer, short, and call control. */
const readPath = (path: string): Target | undefined => {
  const segments = path.split("/").slice(1).map(decoded)
  const parts = segments.filter((part) => part !== undefined)
  if (parts.length !== segments.length) return undefined
  const [first, second, third, fourth] = parts
  if (first === "customers" && second !== undefined && third === "domains" && fourth !== undefined) {
    return { kind: "domain", domain: fourth, rest: parts.slice(4) }
  }
  if (first === "domains" && second !== undefined) return { kind: "domain", domain: second, rest: parts.slice(2) }
  if (first === "calls" && second !== undefined) return { kind: "calls", domain: second, rest: parts.slice(2) }
  return undefined
}

/** Answers the REST API: the key first, then the domain, then its rate, then the resource. */
export const makeRouter = (house: {
  readonly stage: Stage
  readonly scope: Scope.Scope
  readonly conferences: Conferences
  readonly desk: CallDesk<Leg>
  readonly dial: (request: RestRequest) => Effect.Effect<RestReply>
}) => {
  const { conferences, desk, dial, scope, stage } = house
  const { domain, settings } = stage
  const recent: Array<number> = []

  /** Whether one more request is within the domain's rate. */
  const admit = Effect.map(now, (at) => {
    const limit = settings.requestLimit
    if (limit === undefined) return true
    while (recent[0] !== undefined && recent[0] <= at - limit.windowMs) recent.shift()
    if (recent.length >= limit.requests) return false
    recent.push(at)
    return true
  })

  const conferencesOf = Effect.fnUntraced(function* (request: RestRequest, name: string | undefined) {
    const resources = conferences.all().map((each) => ({ ...each, domain: domain.name, customerId: 1 }))
    if (name === undefined) return request.method === "GET" ? ok(resources) : notFound
    const found = resources.find((each) => each.name === name)
    if (request.method === "GET") return found === undefined ? notFound : ok(found)
    return request.method === "DELETE" && (yield* conferences.end(name)) ? noContent : notFound
  })

  const calls = Effect.fnUntraced(function* (request: RestRequest, rest: ReadonlyArray<string>) {
    const [resource, one, action, ...more] = rest
    if (more.length > 0) return notFound
    if (resource === "application" && one === undefined && request.method === "POST") return yield* dial(request)
    if (resource === "conferences" && action === undefined) return yield* conferencesOf(request, one)
    if (resource !== "sessions" || one === undefined) return notFound
    return yield* controlSession(stage, scope, request, desk.find(one), action)
  })

  const resources = Effect.fnUntraced(function* (request: RestRequest, rest: ReadonlyArray<string>) {
    const [resource, one, inner, ...more] = rest
    if (resource === undefined) return oneDomain(domain, request)
    if (resource === "applications" && one !== undefined && inner === "dnids" && more.length === 0) {
      return applicationDnids(stage, request, one)
    }
    if (inner !== undefined) return notFound
    if (resource === "applications") return applicationsOf(stage, request, one)
    if (resource === "dnids") return dnidsOf(stage, request, one)
    if (resource === "trunks") return trunksOf(stage, request, one)
    return resource === "sessions" ? yield* sessionsOf(stage, request, desk.all(), one) : notFound
  })

  return Effect.fnUntraced(function* (request: RestRequest): Effect.fn.Return<RestReply> {
    const [scheme, key] = (request.headers["authorization"] ?? "").split(" ")
    if (scheme?.toLowerCase() !== "bearer" || key !== domain.bearerToken) return unauthorized
    const target = readPath(request.path)
    if (target === undefined) return notFound
    if (target.domain === domain.foreignName) return forbidden
    const names = [domain.name, domain.uuid, String(domain.id), "self"]
    if (!names.includes(target.domain)) return notFound
    if (!(yield* admit)) return throttled
    return yield* target.kind === "calls" ? calls(request, target.rest) : resources(request, target.rest)
  })
}
