import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** What a provider asked to remember about a call, by its own names. */
export const callMemory = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE calls ADD COLUMN memory jsonb NOT NULL DEFAULT '{}'`
})
