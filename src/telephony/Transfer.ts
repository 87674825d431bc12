import { type DateTime, Effect, Schema } from "effect"
import { TransferFailure } from "../carrier/TransferStrategy.ts"
import type { CallMemory } from "../carrier/TelephonyProvider.ts"

/** Where a transfer stands. The last three are final. */
export const TransferState = Schema.Literals([
  "requested",
  "dialing",
  "answered",
  "bridging",
  "bridged",
  "failed",
  "canceled"
])
export type TransferState = typeof TransferState.Type

/** States from which a transfer may still fail or be called off. */
export const openStates: ReadonlyArray<TransferState> = ["requested", "dialing", "answered", "bridging"]

/** A transfer's row. */
export interface Transfer {
  readonly id: string
  readonly callId: string
  readonly requestedBy: "agent" | "operator"
  /** Canonical address. */
  readonly destination: string
  readonly callerId: string
  readonly announcement: string | undefined
  readonly ringSeconds: number
  readonly state: TransferState
  readonly failure: TransferFailure | undefined
  /** What a person can do about the failure, where the carrier told. */
  readonly failureMessage: string | undefined
  readonly destinationCallId: string | undefined
  readonly destinationMemory: CallMemory
  readonly destinationEndedAt: DateTime.Utc | undefined
  readonly createdAt: DateTime.Utc
  readonly finishedAt: DateTime.Utc | undefined
}

const orNull = <S extends Schema.Constraint>(schema: S) => Schema.NullOr(schema)

const Row = Schema.Struct({
  id: Schema.String,
  call_id: Schema.String,
  requested_by: Schema.Literals(["agent", "operator"]),
  destination: Schema.String,
  caller_id: Schema.String,
  announcement: orNull(Schema.String),
  ring_seconds: Schema.Int,
  state: TransferState,
  failure_reason: orNull(TransferFailure),
  failure_message: orNull(Schema.String),
  destination_provider_call_id: orNull(Schema.String),
  destination_memory: Schema.Record(Schema.String, Schema.String),
  destination_ended_at: orNull(Schema.DateTimeUtcFromDate),
  created_at: Schema.DateTimeUtcFromDate,
  finished_at: orNull(Schema.DateTimeUtcFromDate)
})
const decodeRow = Schema.decodeUnknownEffect(Row)

/** Reads one row of `transfers`. A row that does not fit is a defect: nothing but this room writes them. */
export const readTransfer = (row: unknown): Effect.Effect<Transfer> =>
  decodeRow(row).pipe(
    Effect.map((transfer): Transfer => ({
      id: transfer.id,
      callId: transfer.call_id,
      requestedBy: transfer.requested_by,
      destination: transfer.destination,
      callerId: transfer.caller_id,
      announcement: transfer.announcement ?? undefined,
      ringSeconds: transfer.ring_seconds,
      state: transfer.state,
      failure: transfer.failure_reason ?? undefined,
      failureMessage: transfer.failure_message ?? undefined,
      destinationCallId: transfer.destination_provider_call_id ?? undefined,
      destinationMemory: transfer.destination_memory,
      destinationEndedAt: transfer.destination_ended_at ?? undefined,
      createdAt: transfer.created_at,
      finishedAt: transfer.finished_at ?? undefined
    })),
    Effect.orDie
  )
