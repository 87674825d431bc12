import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { SqlError } from "effect/sql"

/**
 * A transaction that loses its connection fails with `SqlError`, as every query does. The client's own one dies then,
 * because its ROLLBACK, too, fails: but there is nothing left to roll back, the server has done it.
 */
const withTypedFailures = (client: PgClient.PgClient): PgClient.PgClient => {
  const original = client.withTransaction
  return Object.assign(client, {
    withTransaction: <R, E, A>(self: Effect.Effect<A, E, R>) =>
      original(self).pipe(
        Effect.catchDefect((defect) => (SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)))
      )
  })
}

/** A pool of connections, as `SqlClient` and `PgClient`. */
export const clientLayer = (config: PgClient.PgPoolConfig) =>
  PgClient.layerFrom(Effect.map(PgClient.make(config), withTypedFailures))
