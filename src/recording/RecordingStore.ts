import { PgClient } from "@effect/sql-pg"
import { Context, DateTime, Effect, Layer, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { storableText } from "../store/storable.ts"
import type { PausedSpan } from "./recorder.ts"
import { RecordingHost } from "./RecordingHost.ts"

export const RecordingState = Schema.Literals(["recording", "paused", "ready", "failed", "deleted"])
export type RecordingState = typeof RecordingState.Type

/** A recording's row. */
export interface Recording {
  readonly id: string
  /** Undefined: the call is gone, and the file is to go, too. */
  readonly callId: string | undefined
  /** The folder in which the file lies; the same for all nodes that share it. */
  readonly folderId: string
  readonly fileName: string
  readonly state: RecordingState
  /** Hz. */
  readonly sampleRate: number
  readonly startedAt: DateTime.Utc
  /** Known once it is over, as are the duration, ms, and the bytes of the file. */
  readonly endedAt: DateTime.Utc | undefined
  readonly durationMs: number | undefined
  readonly bytes: number | undefined
  readonly paused: ReadonlyArray<PausedSpan>
  /** Why it failed. */
  readonly error: string | undefined
  readonly deletedAt: DateTime.Utc | undefined
}

/** What a recording that is over has come to. */
export interface RecordingEnd {
  readonly state: "ready" | "failed"
  readonly durationMs: number
  readonly bytes: number
  readonly paused: ReadonlyArray<PausedSpan>
  readonly error?: string
}

/** Whoever writes a recording and did not renew its lease for so long is gone, s. */
export const leaseSeconds = 60

/** How long a folder may be out of reach, after that time, before its recordings count as lost, minutes. */
export const patienceMinutes = 10

/** How many recordings one look takes up. */
const batch = 50

const Span = Schema.Struct({ from_ms: Schema.Int, to_ms: Schema.NullOr(Schema.Int) })
const Row = Schema.Struct({
  id: Schema.String,
  call_id: Schema.NullOr(Schema.String),
  folder_id: Schema.String,
  file_name: Schema.String,
  state: RecordingState,
  sample_rate: Schema.Int,
  started_at: Schema.DateTimeUtcFromDate,
  ended_at: Schema.NullOr(Schema.DateTimeUtcFromDate),
  duration_ms: Schema.NullOr(Schema.Int),
  bytes: Schema.NullOr(Schema.BigInt),
  paused: Schema.Array(Span),
  error: Schema.NullOr(Schema.String),
  deleted_at: Schema.NullOr(Schema.DateTimeUtcFromDate)
})
const decodeRows = Schema.decodeUnknownEffect(Schema.Array(Row))
const isKey = Schema.is(Schema.String.check(Schema.isUUID()))

const recordingOf = (row: typeof Row.Type): Recording => ({
  id: row.id,
  callId: row.call_id ?? undefined,
  folderId: row.folder_id,
  fileName: row.file_name,
  state: row.state,
  sampleRate: row.sample_rate,
  startedAt: row.started_at,
  endedAt: row.ended_at ?? undefined,
  durationMs: row.duration_ms ?? undefined,
  bytes: row.bytes === null ? undefined : Number(row.bytes),
  paused: row.paused.map(({ from_ms, to_ms }) => ({ fromMs: from_ms, toMs: to_ms ?? undefined })),
  error: row.error ?? undefined,
  deletedAt: row.deleted_at ?? undefined
})

/** Rows that do not fit are a defect: nothing else writes them. */
const read = (rows: ReadonlyArray<unknown>) => Effect.map(Effect.orDie(decodeRows(rows)), (all) => all.map(recordingOf))
const readOne = (rows: ReadonlyArray<unknown>) => Effect.map(read(rows), ([first]) => Option.fromUndefinedOr(first))

/** The rows of recordings. */
export class RecordingStore extends Context.Service<
  RecordingStore,
  {
    readonly add: (
      recording: Pick<Recording, "id" | "folderId" | "fileName" | "sampleRate" | "startedAt"> & {
        readonly callId: string
      }
    ) => Effect.Effect<void, SqlError>
    /** Which parts are paused, and whether it is now; nothing once it is over. */
    readonly notePaused: (id: string, paused: ReadonlyArray<PausedSpan>) => Effect.Effect<void, SqlError>
    /** What its writer says last is true, whatever was thought before. False when it was deleted. */
    readonly finish: (id: string, end: RecordingEnd) => Effect.Effect<boolean, SqlError>
    /** The oldest first. */
    readonly ofCall: (callId: string) => Effect.Effect<ReadonlyArray<Recording>, SqlError>
    readonly find: (callId: string, id: string) => Effect.Effect<Option.Option<Recording>, SqlError>
    /** Renews the leases of those that this process writes. */
    readonly renew: (ids: ReadonlyArray<string>) => Effect.Effect<void, SqlError>
    /** Takes up recordings in a folder whose writer is gone, to be finished; not those that this process writes. */
    readonly takeAbandoned: (
      folderId: string,
      written: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<Recording>, SqlError>
    /**
     * Those of calls that are over, whose writer is gone and whose folder no node has taken up since, have failed with this
     * message. Gives them; their durations and sizes are not known.
     */
    readonly giveUp: (message: string) => Effect.Effect<ReadonlyArray<Recording>, SqlError>
    /** The folder is back: what was given up in it is abandoned again, so that it can be finished. */
    readonly recover: (folderId: string) => Effect.Effect<void, SqlError>
    /** No other process can be writing: whatever this one does not write is abandoned. */
    readonly abandonOthers: Effect.Effect<void, SqlError>
    /** Marks as deleted; the file is to be removed. False when it is being written, or was deleted before. */
    readonly remove: (id: string) => Effect.Effect<boolean, SqlError>
    /** Marks what ended more than so many days ago as deleted, and everything whose call is gone. */
    readonly expire: (days: number) => Effect.Effect<void, SqlError>
    /** Deleted recordings of a folder whose files are still to be removed. */
    readonly toRemove: (folderId: string) => Effect.Effect<ReadonlyArray<Recording>, SqlError>
    /** The file is gone. A row without a call goes with it. */
    readonly removed: (id: string) => Effect.Effect<void, SqlError>
  }
>()("switchboard/RecordingStore") {
  static readonly layer = Layer.effect(
    RecordingStore,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { nodeId } = yield* RecordingHost
      const spans = (paused: ReadonlyArray<PausedSpan>) =>
        sql.json(paused.map(({ fromMs, toMs }) => ({ from_ms: fromMs, to_ms: toMs ?? null })))
      const lease = sql`clock_timestamp() + ${leaseSeconds} * interval '1 second'`

      return RecordingStore.of({
        add: Effect.fn("RecordingStore.add")(function* ({ id, callId, folderId, fileName, sampleRate, startedAt }) {
          yield* sql`INSERT INTO recordings
              (id, call_id, node_id, folder_id, file_name, state, sample_rate, started_at, lease_until)
            VALUES (${id}, ${callId}, ${nodeId}, ${folderId}, ${fileName}, 'recording', ${sampleRate},
              ${DateTime.toDateUtc(startedAt)}, ${lease})`
        }),
        notePaused: Effect.fn("RecordingStore.notePaused")(function* (id, paused) {
          const isPaused = paused.some(({ toMs }) => toMs === undefined)
          const state = isPaused ? "paused" : "recording"
          yield* sql`UPDATE recordings SET state = ${state}, paused = ${spans(paused)}
            WHERE id = ${id} AND state IN ('recording', 'paused')`
        }),
        finish: Effect.fn("RecordingStore.finish")(function* (id, { state, durationMs, bytes, paused, error }) {
          const rows = yield* sql`UPDATE recordings SET state = ${state}, paused = ${spans(paused)},
              duration_ms = ${durationMs}, bytes = ${bytes}, error = ${error === undefined ? null : storableText(error)},
              ended_at = started_at + ${durationMs} * interval '1 millisecond'
            WHERE id = ${id} AND state <> 'deleted' RETURNING id`
          return rows.length > 0
        }),
        ofCall: (callId) => Effect.flatMap(sql`SELECT * FROM recordings WHERE call_id = ${callId} ORDER BY id`, read),
        find: (callId, id) =>
          isKey(id)
            ? Effect.flatMap(sql`SELECT * FROM recordings WHERE id = ${id} AND call_id = ${callId}`, readOne)
            : Effect.succeedNone,
        renew: (ids) =>
          Effect.asVoid(sql`UPDATE recordings SET lease_until = ${lease}
            WHERE id = ANY(${ids}::uuid[]) AND state IN ('recording', 'paused')`),
        takeAbandoned: Effect.fn("RecordingStore.takeAbandoned")(function* (folderId, written) {
          return yield* read(
            yield* sql`UPDATE recordings SET node_id = ${nodeId}, lease_until = ${lease} WHERE id IN (
                SELECT id FROM recordings WHERE state IN ('recording', 'paused') AND lease_until < clock_timestamp()
                AND folder_id = ${folderId} AND NOT id = ANY(${written}::uuid[]) ORDER BY lease_until LIMIT ${batch} FOR UPDATE SKIP LOCKED
              ) RETURNING *`
          )
        }),
        giveUp: Effect.fn("RecordingStore.giveUp")(function* (message) {
          return yield* read(
            yield* sql`UPDATE recordings SET state = 'failed', error = ${message}, ended_at = clock_timestamp()
              WHERE id IN (
                SELECT id FROM recordings WHERE state IN ('recording', 'paused')
                AND lease_until < clock_timestamp() - ${patienceMinutes} * interval '1 minute'
                AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = call_id AND calls.ended_at IS NULL)
                ORDER BY lease_until LIMIT ${batch} FOR UPDATE SKIP LOCKED
              ) RETURNING *`
          )
        }),
        recover: (folderId) =>
          Effect.asVoid(sql`UPDATE recordings SET state = 'recording', error = NULL, ended_at = NULL
            WHERE folder_id = ${folderId} AND state = 'failed' AND bytes IS NULL`),
        abandonOthers: Effect.asVoid(sql`UPDATE recordings SET lease_until = clock_timestamp()
          WHERE node_id <> ${nodeId} AND state IN ('recording', 'paused')`),
        remove: Effect.fn("RecordingStore.remove")(function* (id) {
          const rows = yield* sql`UPDATE recordings SET state = 'deleted', deleted_at = clock_timestamp()
            WHERE id = ${id} AND state IN ('ready', 'failed') RETURNING id`
          return rows.length > 0
        }),
        expire: Effect.fn("RecordingStore.expire")(function* (days) {
          yield* sql`UPDATE recordings SET state = 'deleted', deleted_at = clock_timestamp()
            WHERE call_id IS NULL AND state IN ('ready', 'failed')`
          if (days > 0)
            yield* sql`UPDATE recordings SET state = 'deleted', deleted_at = clock_timestamp()
              WHERE state IN ('ready', 'failed') AND ended_at < clock_timestamp() - ${days} * interval '1 day'`
        }),
        toRemove: (folderId) =>
          Effect.flatMap(
            sql`SELECT * FROM recordings WHERE folder_id = ${folderId} AND state = 'deleted' AND removed_at IS NULL
              ORDER BY deleted_at LIMIT ${batch}`,
            read
          ),
        removed: Effect.fn("RecordingStore.removed")(function* (id) {
          yield* sql`DELETE FROM recordings WHERE id = ${id} AND call_id IS NULL`
          yield* sql`UPDATE recordings SET removed_at = clock_timestamp() WHERE id = ${id}`
        })
      })
    })
  )
}
