import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * Recordings of calls: the audio is in files, a row says where and what became of it. A row outlives its call until the file is
 * gone, too. Whoever writes a recording renews its lease.
 */
export const recordings = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE recordings (
    id uuid PRIMARY KEY,
    call_id uuid REFERENCES calls (id) ON DELETE SET NULL,
    node_id text NOT NULL,
    folder_id text NOT NULL,
    file_name text NOT NULL,
    state text NOT NULL CHECK (state IN ('recording', 'paused', 'ready', 'failed', 'deleted')),
    sample_rate integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    duration_ms integer,
    bytes bigint,
    paused jsonb NOT NULL DEFAULT '[]',
    error text,
    lease_until timestamptz NOT NULL,
    deleted_at timestamptz,
    removed_at timestamptz
  )`
  yield* sql`CREATE INDEX recordings_by_call ON recordings (call_id, id)`
  yield* sql`CREATE INDEX recordings_open ON recordings (lease_until) WHERE state IN ('recording', 'paused')`
  yield* sql`CREATE INDEX recordings_kept ON recordings (ended_at) WHERE state IN ('ready', 'failed')`
  yield* sql`CREATE INDEX recordings_to_remove ON recordings (folder_id) WHERE state = 'deleted' AND removed_at IS NULL`
  yield* sql`CREATE INDEX recordings_without_call ON recordings (id) WHERE call_id IS NULL`
  yield* sql`ALTER TABLE calls ADD COLUMN record boolean`
})
