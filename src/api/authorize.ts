import { Context, Effect, Layer, Option, Redacted, Result } from "effect"
import type { HttpApiEndpoint } from "effect/http-api"
import { ApiKeys, type KeyOwner, type Role } from "../organizations/ApiKeys.ts"
import { Authorization, Caller, MinimumRole } from "./Authorization.ts"
import { Forbidden, Unauthorized } from "./Problems.ts"
import { answerWith } from "./problemAnswers.ts"
import { databaseAway } from "./refused.ts"

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

const unauthorized = new Unauthorized({
  code: "unauthorized",
  detail: "Send an API key of this service, as Authorization: Bearer <key> or X-API-Key: <key>."
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

/** Finds the organization of the API key and holds the endpoint's least role against the key's. */
export const authorizationLayer = Layer.effect(
  Authorization,
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys

    const ownerOf = Effect.fnUntraced(function* (credential: Redacted.Redacted<string>) {
      if (Redacted.value(credential) === "") return yield* unauthorized
      const owner = yield* Effect.catchTag(apiKeys.authenticate(credential), "SqlError", databaseAway)
      return yield* Option.match(owner, { onNone: () => unauthorized, onSome: Effect.succeed })
    })

    const admitted = Effect.fnUntraced(function* (
      credential: Redacted.Redacted<string>,
      endpoint: HttpApiEndpoint.Top
    ) {
      const owner = yield* ownerOf(credential)
      yield* checkRole(owner, endpoint)
      return Result.succeed(owner)
    })

    // Only a missing or unknown key may make the next scheme try. Everything else is the answer already, because the
    // failure of the scheme that was not used would hide it.
    const scheme: Authorization["Service"]["bearer"] = Effect.fnUntraced(function* (handle, { credential, endpoint }) {
      const admission = yield* admitted(credential, endpoint).pipe(
        Effect.catchTags({
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
    return Authorization.of({ bearer: scheme, api_key: scheme })
  })
)
