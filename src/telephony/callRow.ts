import { type DateTime, Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { CallStatus } from "../carrier/CallStatus.ts"
import { RecordingState } from "../recording/RecordingStore.ts"
import type { Call } from "./Call.ts"
import { EndOwner, EndReason } from "./EndReason.ts"

/** A call's row with what only the call's own machinery looks at. */
export interface CallRecord extends Call {
  /** When the sweeper asks what became of the call, unless its state moves on before. */
  readonly deadlineAt: DateTime.Utc
  /** Until when the node that took the call is known to be alive. */
  readonly leaseUntil: DateTime.Utc | undefined
  /** The call is over for us, and the carrier is still to be told: when to try next. */
  readonly hangupDueAt: DateTime.Utc | undefined
  readonly hangupAttempts: number
}

const orNull = <S extends Schema.Constraint>(schema: S) => Schema.NullOr(schema)

const Row = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  telephony_configuration_id: Schema.String,
  agent_id: orNull(Schema.String),
  mode: Schema.String,
  direction: Schema.Literals(["inbound", "outbound"]),
  from_address: Schema.String,
  to_address: Schema.String,
  provider_call_id: orNull(Schema.String),
  memory: Schema.Record(Schema.String, Schema.String),
  status: CallStatus,
  media_state: Schema.Literals(["none", "connecting", "streaming", "ended"]),
  created_at: Schema.DateTimeUtcFromDate,
  answered_at: orNull(Schema.DateTimeUtcFromDate),
  ended_at: orNull(Schema.DateTimeUtcFromDate),
  duration_ms: orNull(Schema.Int),
  transferred_at: orNull(Schema.DateTimeUtcFromDate),
  deadline_at: Schema.DateTimeUtcFromDate,
  hangup_due_at: orNull(Schema.DateTimeUtcFromDate),
  hangup_attempts: Schema.Int,
  end_reason: orNull(EndReason),
  end_owner: orNull(EndOwner),
  node_id: orNull(Schema.String),
  lease_until: orNull(Schema.DateTimeUtcFromDate),
  context: Schema.Record(Schema.String, Schema.Json),
  record: orNull(Schema.Boolean),
  recording: Schema.optionalKey(orNull(RecordingState)),
  answered_by: orNull(Schema.String),
  cost_amount: orNull(Schema.String),
  cost_currency: orNull(Schema.String)
})

/** What a call is shown by: its row, and the state of its newest recording, which alone can still be going on. */
export const shownColumns = (sql: SqlClient.SqlClient) =>
  sql`*, (SELECT state FROM recordings WHERE call_id = calls.id ORDER BY id DESC LIMIT 1) AS recording`

const decodeRow = Schema.decodeUnknownEffect(Row)

/** Reads one row of `calls`. A row that does not fit is a defect: nothing but this room writes them. */
export const readCall = (row: unknown): Effect.Effect<CallRecord> =>
  decodeRow(row).pipe(
    Effect.map((call): CallRecord => ({
      id: call.id,
      organizationId: call.organization_id,
      telephonyConfigurationId: call.telephony_configuration_id,
      agentId: call.agent_id ?? undefined,
      mode: call.mode,
      direction: call.direction,
      from: call.from_address,
      to: call.to_address,
      providerCallId: call.provider_call_id ?? undefined,
      memory: call.memory,
      status: call.status,
      mediaState: call.media_state,
      createdAt: call.created_at,
      answeredAt: call.answered_at ?? undefined,
      endedAt: call.ended_at ?? undefined,
      durationMs: call.duration_ms ?? undefined,
      transferredAt: call.transferred_at ?? undefined,
      deadlineAt: call.deadline_at,
      hangupDueAt: call.hangup_due_at ?? undefined,
      hangupAttempts: call.hangup_attempts,
      endReason: call.end_reason ?? undefined,
      endOwner: call.end_owner ?? undefined,
      nodeId: call.node_id ?? undefined,
      leaseUntil: call.lease_until ?? undefined,
      context: call.context,
      record: call.record ?? undefined,
      recording: call.recording ?? undefined,
      answeredBy: call.answered_by ?? undefined,
      cost:
        call.cost_amount === null || call.cost_currency === null
          ? undefined
          : { amount: call.cost_amount, currency: call.cost_currency }
    })),
    Effect.orDie
  )

/** Reads many rows of `calls`. */
export const readCalls = (rows: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<CallRecord>> =>
  Effect.forEach(rows, readCall)
