import { Context, Effect, Layer, Option, Redacted, Result } from "effect"
import { HttpServerRequest } from "effect/http"
import type { HttpApiEndpoint } from "effect/http-api"
import { ApiKeys, type KeyOwner, type Role } from "../organizations/ApiKeys.ts"
import { ConsoleSessions } from "../organizations/ConsoleSessions.ts"
import { Settings } from "../Settings.ts"
import { Authorization, Caller, MinimumRole, SessionCookie, SignedIn } from "./Authorization.ts"
import { CsrfRefused, Forbidden, type ServiceUnavailable, Unauthorized } from "./Problems.ts"
import { answerWith } from "./problemAnswers.ts"
import { databaseAway } from "./refused.ts"
import { isFromConsole } from "./sameOrigin.ts"

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

const unauthorized = new Unauthorized({
  code: "unauthorized",
  detail: "Send an API key of this service, as Authorization: Bearer <key> or X-API-Key: <key>."
})

const sessionOver = new Unauthorized({ code: "unauthorized", detail: "The session is over. Sign in again." })

const csrf = new CsrfRefused({
  code: "csrf",
  detail:
    "A request with the console's cookie carries X-Switchboard-Console: 1 and comes from the service's own pages. Scripts send an API key instead."
})

const reads: ReadonlySet<string> = new Set(["GET", "HEAD"])

/** Whose session a cookie stands for. */
const sessionReader = Effect.gen(function* () {
  const sessions = yield* ConsoleSessions
  const { publicUrl } = yield* Settings
  return Effect.fnUntraced(function* (token: Redacted.Redacted<string>) {
    if (Redacted.value(token) === "") return yield* unauthorized
    const { headers, method } = yield* HttpServerRequest.HttpServerRequest
    if (!reads.has(method) && !isFromConsole(headers, publicUrl)) return yield* csrf
    const session = yield* Effect.catchTag(sessions.find(token), "SqlError", databaseAway)
    return yield* Option.match(session, { onNone: () => sessionOver, onSome: Effect.succeed })
  })
})

const checkRole = (owner: KeyOwner, { annotations }: HttpApiEndpoint.Top) => {
  const least = Context.get(annotations, MinimumRole)
  return rank[owner.role] >= rank[least]
    ? Effect.void
    : Effect.fail(
        new Forbidden({
          code: "forbidden",
          detail: `This needs the role ${least}; the key has the role ${owner.role}.`
        })
      )
}

/** The session of the console's cookie. */
export const sessionCookieLayer = Layer.effect(
  SessionCookie,
  Effect.gen(function* () {
    const sessionOf = yield* sessionReader
    return SessionCookie.of({
      session: (handle, { credential }) =>
        Effect.flatMap(sessionOf(credential), (session) => Effect.provideService(handle, SignedIn, session))
    })
  })
)

/** Finds the organization of the API key or the session, and holds the endpoint's least role against the key's. */
export const authorizationLayer = Layer.effect(
  Authorization,
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys
    const sessionOf = yield* sessionReader

    const ownerOfKey = Effect.fnUntraced(function* (credential: Redacted.Redacted<string>) {
      if (Redacted.value(credential) === "") return yield* unauthorized
      const owner = yield* Effect.catchTag(apiKeys.authenticate(credential), "SqlError", databaseAway)
      return yield* Option.match(owner, { onNone: () => unauthorized, onSome: Effect.succeed })
    })
    const ownerOfSession = (credential: Redacted.Redacted<string>) =>
      Effect.map(sessionOf(credential), ({ owner }) => owner)

    // Only a missing or unknown credential may make the next scheme try. Everything else is the answer already, because the
    // failure of the scheme that was not used would hide it.
    const scheme = (
      ownerOf: (
        credential: Redacted.Redacted<string>
      ) => Effect.Effect<KeyOwner, Unauthorized | CsrfRefused | ServiceUnavailable, HttpServerRequest.HttpServerRequest>
    ): Authorization["Service"]["bearer"] =>
      Effect.fnUntraced(function* (handle, { credential, endpoint }) {
        const admission = yield* ownerOf(credential).pipe(
          Effect.tap((owner) => checkRole(owner, endpoint)),
          Effect.map((owner) => Result.succeed(owner)),
          Effect.catchTags({
            CsrfRefused: (problem) => Effect.map(answerWith(problem), Result.fail),
            Forbidden: (problem) => Effect.map(answerWith(problem), Result.fail),
            ServiceUnavailable: (problem) => Effect.map(answerWith(problem), Result.fail)
          })
        )
        if (Result.isFailure(admission)) return admission.failure
        const owner = admission.success
        yield* Effect.annotateCurrentSpan({ "organization.id": owner.organizationId, "api_key.id": owner.keyId })
        return yield* Effect.provideService(handle, Caller, owner).pipe(
          Effect.annotateLogs({ organization_id: owner.organizationId })
        )
      })
    const byKey = scheme(ownerOfKey)
    return Authorization.of({ bearer: byKey, api_key: byKey, session: scheme(ownerOfSession) })
  })
)
