import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * What a transfer needs besides its state: who was to hear what, how long the destination may ring, when somebody has to look
 * after it, and whether its destination's leg is still to be ended. A call has one transfer at a time.
 */
export const transfers = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`ALTER TABLE transfers
    DROP COLUMN claimed_by, DROP COLUMN claimed_until,
    ADD COLUMN requested_by text NOT NULL CHECK (requested_by IN ('agent', 'operator')),
    ADD COLUMN caller_id text NOT NULL,
    ADD COLUMN announcement text,
    ADD COLUMN ring_seconds integer NOT NULL,
    ADD COLUMN failure_message text,
    ADD COLUMN destination_memory jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN destination_ended_at timestamptz,
    ADD COLUMN deadline_at timestamptz NOT NULL,
    ADD COLUMN drop_due_at timestamptz,
    ADD COLUMN drop_attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN finished_at timestamptz`
  yield* sql`CREATE UNIQUE INDEX transfers_one_at_a_time ON transfers (call_id)
    WHERE state IN ('requested', 'dialing', 'answered', 'bridging', 'bridged')`
  yield* sql`CREATE INDEX transfers_overdue ON transfers (deadline_at)
    WHERE state IN ('requested', 'dialing', 'answered', 'bridging')`
  yield* sql`CREATE INDEX transfers_to_drop ON transfers (drop_due_at) WHERE drop_due_at IS NOT NULL`
  yield* sql`ALTER TABLE calls ADD COLUMN transferred_at timestamptz`
})
