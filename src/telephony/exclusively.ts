import { Effect, Schedule } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Runs a task on one node at a time, for ever: the node that holds the advisory lock `key`. The lock lives as long as
 * its connection, so a node that dies gives it up; the others try for it every two seconds.
 */
export const exclusively = Effect.fnUntraced(function* <E, R>(key: string, task: Effect.Effect<void, E, R>) {
  const sql = yield* SqlClient.SqlClient
  const held = Effect.gen(function* () {
    const connection = yield* sql.reserve
    const [row] = yield* connection.executeValues("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", [key])
    if (row?.[0] !== true) return
    const alive = connection.executeValues("SELECT 1", []).pipe(Effect.delay("5 seconds"), Effect.forever)
    // A connection that is gone has given the lock up already.
    const release = Effect.ignore(connection.executeValues("SELECT pg_advisory_unlock(hashtextextended($1, 0))", [key]))
    yield* Effect.raceFirst(task, alive).pipe(Effect.ensuring(release))
  })
  yield* Effect.scoped(held).pipe(
    Effect.catchCause((cause) => Effect.logWarning(`The task "${key}" stopped and will start again`, cause)),
    Effect.repeat(Schedule.spaced("2 seconds"))
  )
})
