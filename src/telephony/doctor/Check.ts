import { Clock, Effect, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"

/** What the doctor found out about one thing. */
export const Check = Schema.Struct({
  name: Schema.String,
  status: Schema.Literals(["ok", "warning", "failed", "skipped"]),
  message: Schema.String,
  next_step: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "DoctorCheck" })
export type Check = typeof Check.Type

export const ok = (name: string, message: string): Check => ({ name, status: "ok", message })

export const skipped = (name: string, message: string): Check => ({ name, status: "skipped", message })

export const warning = (name: string, message: string, next_step: string): Check => ({
  name,
  status: "warning",
  message,
  next_step
})

export const failed = (name: string, message: string, next_step: string): Check => ({
  name,
  status: "failed",
  message,
  next_step
})

/** All checks together, ms from their beginning; a check that has not begun by then is skipped. */
export const allTogetherMs = 25_000

/** Runs a check for as long as it may take, and says so when it took longer or met no database. */
export const within = (
  name: string,
  patienceMs: number,
  deadlineMs: number,
  check: Effect.Effect<Check, SqlError>
): Effect.Effect<Check> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const left = Math.min(patienceMs, deadlineMs - now)
    if (left <= 0) return Effect.succeed(skipped(name, "There was no time left for it. Run the doctor again."))
    return check.pipe(
      Effect.timeoutOrElse({
        duration: left,
        orElse: () =>
          Effect.succeed(
            warning(name, `No answer within ${Math.ceil(left / 1000)} s.`, "Run the doctor again in a minute.")
          )
      }),
      Effect.catchTag("SqlError", () =>
        Effect.succeed(
          failed(name, "The database cannot be reached.", "Look at the database, then run the doctor again.")
        )
      )
    )
  })
