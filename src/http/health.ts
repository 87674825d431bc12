import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { Secrets } from "../store/Secrets.ts"
import { serviceIdentities } from "../telephony/doctor/serviceIdentity.ts"
import { Drain } from "../telephony/Drain.ts"

const answer = (status: number, state: string, more: { readonly service?: string } = {}) =>
  HttpServerResponse.jsonUnsafe({ status: state, ...more }, { status })

/**
 * `/healthz`: the process answers, and which service it is. It says nothing about the database, so that a restart is not the
 * cure for that.
 */
const liveness = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const [service = ""] = serviceIdentities(yield* Secrets)
    yield* router.add("GET", "/healthz", answer(200, "ok", { service }))
  })
)

/** `/readyz`: new calls may be sent here. 503 while draining, and while the database does not answer within 2 s. */
const readiness = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const drain = yield* Drain
    const database = sql`SELECT 1`.pipe(
      Effect.timeout("2 seconds"),
      Effect.match({ onFailure: () => answer(503, "database unavailable"), onSuccess: () => answer(200, "ready") })
    )
    yield* router.add(
      "GET",
      "/readyz",
      Effect.flatMap(drain.isDraining, (draining) => (draining ? Effect.succeed(answer(503, "draining")) : database))
    )
  })
)

export const layer = Layer.mergeAll(liveness, readiness)
