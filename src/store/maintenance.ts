import { Effect, Schedule } from "effect"
import { SqlClient } from "effect/sql"

// The embedded database has neither a checkpointer nor an autovacuum of its own.
const CHECKPOINT_EVERY = "5 minutes"
const VACUUM_EVERY = "1 hour"

const repeatedly = (task: string, interval: "5 minutes" | "1 hour") =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql.unsafe(task).pipe(
      Effect.catch((error) => Effect.logWarning(`${task} failed: ${error.message}`)),
      Effect.schedule(Schedule.spaced(interval))
    )
  })

/** Keeps the embedded database's write-ahead log and tables small while the scope is open. */
export const maintain = Effect.gen(function* () {
  yield* Effect.forkScoped(repeatedly("CHECKPOINT", CHECKPOINT_EVERY))
  yield* Effect.forkScoped(repeatedly("VACUUM (ANALYZE)", VACUUM_EVERY))
})
