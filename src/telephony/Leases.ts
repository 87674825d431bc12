import { Cause, Effect, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { HeldCalls } from "./HeldCalls.ts"
import { callsLive } from "./metrics.ts"
import { Node } from "./Node.ts"

/** A node that did not renew its leases for this long is lost. */
export const leaseSeconds = 20

const renewal = "5 seconds"

const Renewed = Schema.Array(Schema.Struct({ status: Schema.String, count: Schema.Int }))
const readRenewed = Schema.decodeUnknownEffect(Renewed)

/**
 * Renews the leases of this node's live calls with one statement. A call whose media is open is renewed only while its
 * session is there: one whose session died, and could not say so, is lost like the call of a node that died.
 */
export const renewLeases = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const node = yield* Node
  const { ids } = yield* HeldCalls
  const rows = yield* sql`WITH renewed AS (
      UPDATE calls SET lease_until = clock_timestamp() + ${leaseSeconds} * interval '1 second'
      WHERE node_id = ${node.id} AND ended_at IS NULL
        AND (media_state IN ('none', 'ended') OR id = ANY(${yield* ids}::uuid[])) RETURNING status
    ) SELECT status, count(*)::int AS count FROM renewed GROUP BY status`
  const counts = yield* Effect.orDie(readRenewed(rows))
  yield* callsLive(new Map(counts.map(({ status, count }) => [status, count])))
})

/** Renews this node's leases every five seconds; a database that is away is tried again at once when it is back. */
export const layer = Layer.effectDiscard(
  renewLeases.pipe(
    Effect.timeout("5 seconds"),
    Effect.catchCauseIf(
      (cause) => !Cause.hasInterrupts(cause),
      (cause) => Effect.logWarning("The calls' leases were not renewed", cause)
    ),
    Effect.repeat(Schedule.fixed(renewal)),
    Effect.forkScoped
  )
)
