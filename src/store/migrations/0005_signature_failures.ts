import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Webhooks whose sender could not be proved, as far as a person needs them to find out why. No secrets, no bodies. */
export const signatureFailures = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE signature_failures (
    id uuid PRIMARY KEY,
    provider varchar(64) NOT NULL,
    configuration_id uuid REFERENCES telephony_configurations (id) ON DELETE CASCADE,
    organization_id uuid REFERENCES organizations (id) ON DELETE CASCADE,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    details jsonb NOT NULL,
    CHECK ((configuration_id IS NULL) = (organization_id IS NULL))
  )`
  yield* sql`CREATE INDEX signature_failures_by_configuration
    ON signature_failures (provider, configuration_id, occurred_at DESC)`
})
