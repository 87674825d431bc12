import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Which node runs a configuration's connection to its carrier, and how that goes. */
export const listeners = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE listeners (
    configuration_id uuid PRIMARY KEY REFERENCES telephony_configurations (id) ON DELETE CASCADE,
    node_id text,
    lease_until timestamptz NOT NULL,
    yielding boolean NOT NULL DEFAULT false,
    connected_at timestamptz,
    reason text,
    parked_since timestamptz,
    tried_at timestamptz,
    tried_version integer
  )`
})
