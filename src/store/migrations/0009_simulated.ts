import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Configurations of simulated carriers: where the fake carrier is that they talk to, which marks them for ever, and until when a
 * simulated call has them.
 */
export const simulated = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE telephony_configurations
    ADD COLUMN simulator_url text,
    ADD COLUMN simulator_until timestamptz,
    ADD CONSTRAINT telephony_configurations_simulated CHECK (simulator_url IS NULL OR NOT is_default_outbound)`
})
