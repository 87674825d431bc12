import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Sounds that a call may play without its agent: a hold sound, an announcement. The file as it was uploaded. */
export const audioClips = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE audio_clips (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    wav bytea NOT NULL,
    duration_ms integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, name)
  )`
})
