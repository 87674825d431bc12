import { Deferred, Effect, Result, Schema, type Scope } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import type { Domain } from "./domain.ts"
import { isCallable, type Leg, type Next, note, type Stage } from "./leg.ts"
import { hangUpLeg, keepTimeLimit } from "./lifecycle.ts"
import { badRequest, list, noContent, notFound, ok, readBody } from "./replies.ts"
import { sessionResource } from "./sessionBody.ts"

const Application = Schema.Struct({
  cxml: Schema.optionalKey(Schema.NonEmptyString),
  url: Schema.optionalKey(Schema.NonEmptyString),
  method: Schema.optionalKey(Schema.Literals(["GET", "POST"]))
})
const TimeLimit = Schema.Struct({ timeLimit: Schema.Int.check(Schema.isGreaterThan(0)) })
const Profile = Schema.Struct({ profile: Schema.Record(Schema.String, Schema.Unknown) })

/** What call control answers with: where a session stands, in few words. */
const callResult = (domain: Domain, leg: Leg) => ({
  domainId: domain.id,
  subscriberId: null,
  callerId: leg.from,
  remote: leg.to,
  token: leg.id
})

/** `/customers/self/domains/{domain}/sessions[/{token}]`: all of them, live and ended, or one. */
export const sessionsOf = Effect.fnUntraced(function* (
  { domain }: Stage,
  request: RestRequest,
  legs: Iterable<Leg>,
  token: string | undefined
): Effect.fn.Return<RestReply> {
  const all = Array.from(legs)
  if (token === undefined) {
    return request.method === "GET" ? list(all.map((leg) => sessionResource(domain, leg))) : notFound
  }
  const leg = all.find(({ id }) => id === token)
  if (leg === undefined) return notFound
  if (request.method === "GET") return ok(sessionResource(domain, leg))
  if (request.method === "DELETE") {
    if (isOver(leg)) return notFound
    yield* hangUpLeg(leg)
    return noContent
  }
  if (request.method !== "PUT") return notFound
  const body = readBody(Profile, request)
  if (Result.isFailure(body)) return body.failure
  leg.profile = { ...leg.profile, ...body.success.profile }
  return ok(sessionResource(domain, leg))
})

/** `/calls/{domain}/sessions/{token}[/{action}]`: call control of a live session. */
export const controlSession = Effect.fnUntraced(function* (
  stage: Stage,
  scope: Scope.Scope,
  request: RestRequest,
  leg: Leg | undefined,
  action: string | undefined
): Effect.fn.Return<RestReply> {
  if (leg === undefined || isOver(leg)) return notFound
  const { method } = request
  if (action === undefined && method === "PATCH") {
    const body = readBody(TimeLimit, request)
    if (Result.isFailure(body)) return body.failure
    leg.timeLimit = body.success.timeLimit
    yield* keepTimeLimit(leg, scope)
    return ok(callResult(stage.domain, leg))
  }
  if (action === "application" && method === "POST") return yield* switchApplication(stage, request, leg)
  if (action === "mute" && (method === "POST" || method === "DELETE")) {
    yield* note(leg, method === "POST" ? "muted" : "unmuted")
    return noContent
  }
  return notFound
})

/** Another application takes the session over; what runs is dropped, a stream with it. */
const switchApplication = Effect.fnUntraced(function* (
  stage: Stage,
  request: RestRequest,
  leg: Leg
): Effect.fn.Return<RestReply> {
  const body = readBody(Application, request)
  if (Result.isFailure(body)) return body.failure
  const { cxml, method = "POST", url } = body.success
  if ((cxml === undefined) === (url === undefined)) return badRequest("exactly one of cxml and url is needed")
  if (url !== undefined && !isCallable(stage, url)) return badRequest(`${url} is not an address to call`)
  // Whether a session that still rings can be switched is not documented.
  if (leg.direction === "outbound" && leg.answeredMs === undefined)
    return badRequest("the session is not connected yet")
  const next: Next =
    url === undefined
      ? { _tag: "Run", markup: cxml ?? "", baseUrl: undefined }
      : { _tag: "Fetch", hook: { url, method }, extra: {} }
  yield* Deferred.succeed(leg.switched, next)
  return ok(callResult(stage.domain, leg))
})
