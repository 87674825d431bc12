import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { StatusReport } from "../carrier/TelephonyProvider.ts"
import { storableText, storableValues } from "../store/storable.ts"
import type { CallRecord } from "./callRow.ts"
import type { NewCallEvent } from "./Calls.ts"

/**
 * Appends to a call's log; false when an event with that dedupe key was there already. The caller holds the lock of the
 * call's row, which keeps the sequence without gaps.
 */
export const append = (sql: PgClient.PgClient, callId: string, event: NewCallEvent) =>
  Effect.map(
    sql`INSERT INTO call_events (call_id, sequence, source, kind, payload, dedupe_key, occurred_at)
      VALUES (${callId},
        (SELECT coalesce(max(sequence), 0) + 1 FROM call_events WHERE call_id = ${callId}),
        ${event.source}, ${storableText(event.kind)}, ${sql.json(storableValues(event.payload))},
        ${event.dedupeKey === undefined ? null : storableText(event.dedupeKey)}, clock_timestamp())
      ON CONFLICT (call_id, dedupe_key) DO NOTHING
      RETURNING sequence`,
    (rows) => rows.length > 0
  )

/** What a carrier reported, as a line of the log. */
export const reportEvent = (report: StatusReport): NewCallEvent => ({
  source: "carrier",
  kind: "carrier.status",
  dedupeKey: `status:${report.dedupeKey}`,
  payload: {
    ...report.details,
    provider_call_id: report.providerCallId,
    status: report.rawStatus,
    ...(report.durationMs === undefined ? {} : { duration_ms: report.durationMs }),
    ...(report.failureCode === undefined ? {} : { failure_code: report.failureCode }),
    ...(report.answeredBy === undefined ? {} : { answered_by: report.answeredBy })
  }
})

/** The last line of a call's log that says why it ended. */
export const endEvent = (call: CallRecord): NewCallEvent => ({
  source: call.endOwner === "agent" ? "agent" : call.endOwner === "operator" ? "operator" : "gateway",
  kind: "call.ended",
  dedupeKey: "ended",
  payload: { status: call.status, reason: call.endReason ?? null, owner: call.endOwner ?? null }
})
