import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Who is signed in to the console: the SHA-256 of the cookie's token, and the API key on whose behalf. And what the console asks
 * again and again: which calls have ended lately.
 */
export const consoleStore = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE console_sessions (
    token_hash bytea PRIMARY KEY,
    api_key_id uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
  )`
  yield* sql`CREATE INDEX console_sessions_by_key ON console_sessions (api_key_id)`
  yield* sql`CREATE INDEX console_sessions_expired ON console_sessions (expires_at)`
  yield* sql`CREATE INDEX calls_by_end ON calls (organization_id, ended_at) WHERE ended_at IS NOT NULL`
})
