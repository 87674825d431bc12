import { Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql/SqlError"

/** Tries a write for some seconds when the database is away, then says so in the log: the call itself goes on. */
export const persist = (write: Effect.Effect<unknown, SqlError>): Effect.Effect<void> =>
  write.pipe(
    Effect.retry({ schedule: Schedule.spaced("1 second"), times: 5 }),
    Effect.catchTag("SqlError", (error) => Effect.logWarning(`A call's row was not written: ${error.message}`)),
    Effect.asVoid
  )
