import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { maintain } from "../../src/store/maintenance.ts"
import { embeddedDatabase } from "../support/database.ts"

class NotYet extends Schema.TaggedError<NotYet>()("NotYet", {}) {}

layer(embeddedDatabase)("the embedded database", (it) => {
  it.effect("writes checkpoints every five minutes and is vacuumed every hour", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const state = Effect.map(
        sql<{ readonly checkpoint: string; readonly rows: number }>`SELECT checkpoint_lsn::text AS checkpoint,
          (SELECT reltuples FROM pg_class WHERE relname = 'organizations') AS rows FROM pg_control_checkpoint()`,
        ([row]) => row
      )
      const until = (done: (now: { readonly checkpoint: string; readonly rows: number } | undefined) => boolean) =>
        state.pipe(
          Effect.filterOrFail(done, () => new NotYet()),
          Effect.retry({ times: 2000 })
        )
      yield* sql`INSERT INTO organizations (id, name) SELECT gen_random_uuid(), 'o' FROM generate_series(1, 100)`
      const before = yield* state
      yield* maintain
      yield* Effect.yieldNow
      yield* TestClock.adjust("5 minutes")
      const checked = yield* until((now) => now?.checkpoint !== before?.checkpoint)
      assert.notStrictEqual(checked?.rows, 100)
      yield* TestClock.adjust("55 minutes")
      yield* until((now) => now?.rows === 100)
    })
  )
})
