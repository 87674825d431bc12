import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CallMemory } from "../carrier/TelephonyProvider.ts"
import type { TransferFailure } from "../carrier/TransferStrategy.ts"
import { rowKey } from "../organizations/rows.ts"
import { Settings } from "../Settings.ts"
import { uuidV7 } from "../store/Ids.ts"
import { storableText } from "../store/storable.ts"
import { append } from "./callLog.ts"
import { joinSeconds, reserveSeconds, ringReserveSeconds } from "./deadlines.ts"
import { openStates, readTransfer, type Transfer, type TransferState } from "./Transfer.ts"

/** A transfer that is to begin. */
export type NewTransfer = Pick<
  Transfer,
  "callId" | "requestedBy" | "destination" | "callerId" | "announcement" | "ringSeconds"
>

/** A step of a transfer's state; `from` are the states in which it may be taken. */
export interface TransferStep {
  readonly from: ReadonlyArray<TransferState>
  readonly to: TransferState
  readonly failure?: TransferFailure
  readonly message?: string
  /** The destination's leg is to be ended. */
  readonly drop?: boolean
}

/** How often the carrier is told to end a destination's leg, and the pauses between, s. */
const dropPauses = [5, 10, 30, 60, 120]

/** The transfers' rows: every step is one compare-and-set, so of two that take it exactly one succeeds. */
export class TransferStore extends Context.Service<
  TransferStore,
  {
    /** None when the call has a transfer under way. */
    readonly create: (transfer: NewTransfer) => Effect.Effect<Option.Option<Transfer>, SqlError>
    readonly find: (id: string) => Effect.Effect<Option.Option<Transfer>, SqlError>
    /** The call's transfer that is under way or has succeeded. */
    readonly current: (callId: string) => Effect.Effect<Option.Option<Transfer>, SqlError>
    /** The newest first. */
    readonly ofCall: (callId: string) => Effect.Effect<ReadonlyArray<Transfer>, SqlError>
    /** Takes a step and writes it into the call's log. None: somebody was faster, or the state does not allow it. */
    readonly step: (id: string, step: TransferStep) => Effect.Effect<Option.Option<Transfer>, SqlError>
    /**
     * The joining succeeded: the transfer is `bridged` and the call transferred, in one transaction. None when the transfer
     * was called off meanwhile.
     */
    readonly bridged: (id: string) => Effect.Effect<Option.Option<Transfer>, SqlError>
    /**
     * Stores what is known of the destination's leg. `certain` for what a callback tells: it replaces an id that was there.
     * A leg of a transfer that is over is to be dropped from then on.
     */
    readonly learn: (
      id: string,
      leg: { readonly providerCallId: string; readonly memory?: CallMemory; readonly certain: boolean }
    ) => Effect.Effect<void, SqlError>
    /** The destination's leg is over: nothing is to be dropped any more. Gives the row afterwards. */
    readonly destinationEnded: (id: string) => Effect.Effect<Option.Option<Transfer>, SqlError>
    /** Transfers that nobody brought to an end in time. */
    readonly overdue: Effect.Effect<ReadonlyArray<Transfer>, SqlError>
    /** Takes up the legs that are to be dropped now; each comes again later until `dropped`, a few times. */
    readonly takeDrops: Effect.Effect<ReadonlyArray<Transfer>, SqlError>
    readonly dropped: (id: string) => Effect.Effect<void, SqlError>
  }
>()("switchboard/TransferStore") {
  static readonly layer = Layer.effect(
    TransferStore,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { maxCallSeconds } = yield* Settings
      /** The call's row first, as everybody locks it: whoever ends the call comes either before or after this. */
      const lockCall = (id: string) =>
        sql`SELECT ended_at FROM calls WHERE id = (SELECT call_id FROM transfers WHERE id = ${id}) FOR UPDATE`

      const note = (transfer: Transfer) =>
        append(sql, transfer.callId, {
          source: transfer.state === "requested" ? transfer.requestedBy : "gateway",
          kind: `transfer.${transfer.state}`,
          dedupeKey: `transfer:${transfer.id}:${transfer.state}`,
          payload: {
            transfer_id: transfer.id,
            destination: transfer.destination,
            ...(transfer.failure === undefined ? {} : { reason: transfer.failure }),
            ...(transfer.failureMessage === undefined ? {} : { message: transfer.failureMessage })
          }
        })

      const create = Effect.fn("TransferStore.create")(function* (transfer: NewTransfer) {
        const id = yield* uuidV7
        const made = yield* one(
          yield* sql`INSERT INTO transfers (id, call_id, requested_by, destination, caller_id, announcement, ring_seconds,
              state, deadline_at)
            SELECT ${id}, id, ${transfer.requestedBy}, ${transfer.destination}, ${transfer.callerId},
              ${transfer.announcement === undefined ? null : storableText(transfer.announcement)}, ${transfer.ringSeconds},
              'requested', clock_timestamp() + ${joinSeconds} * interval '1 second'
            FROM (SELECT id FROM calls WHERE id = ${transfer.callId} AND ended_at IS NULL FOR UPDATE) AS call
            ON CONFLICT DO NOTHING RETURNING *`
        )
        if (Option.isSome(made)) yield* note(made.value)
        return made
      }, sql.withTransaction)

      const find = (id: string) =>
        Option.match(rowKey(id), {
          onNone: () => Effect.succeedNone,
          onSome: (key) => Effect.flatMap(sql`SELECT * FROM transfers WHERE id = ${key}`, one)
        })

      const ofCall = (callId: string) =>
        Effect.flatMap(sql`SELECT * FROM transfers WHERE call_id = ${callId} ORDER BY id DESC`, many)

      const current = (callId: string) =>
        Effect.flatMap(
          sql`SELECT * FROM transfers WHERE call_id = ${callId}
            AND state = ANY(${[...openStates, "bridged"]}::text[])`,
          one
        )

      const step = Effect.fn("TransferStore.step")(function* (id: string, { from, to, ...more }: TransferStep) {
        yield* lockCall(id)
        const isFinal = !openStates.includes(to)
        const seconds = to === "dialing" ? sql`ring_seconds + ${ringReserveSeconds}` : sql`${joinSeconds}`
        const moved = yield* one(
          yield* sql`UPDATE transfers SET state = ${to}, version = version + 1, updated_at = clock_timestamp(),
              failure_reason = ${more.failure ?? null}, failure_message = ${more.message ?? null},
              deadline_at = clock_timestamp() + (${seconds}) * interval '1 second',
              finished_at = ${isFinal ? sql`clock_timestamp()` : sql`NULL`},
              drop_due_at = ${more.drop === true ? sql`CASE WHEN destination_ended_at IS NULL THEN clock_timestamp() END` : sql`drop_due_at`}
            WHERE id = ${id} AND state = ANY(${Array.from(from)}::text[]) RETURNING *`
        )
        if (Option.isSome(moved)) yield* note(moved.value)
        return moved
      }, sql.withTransaction)

      const bridged = Effect.fn("TransferStore.bridged")(function* (id: string) {
        const moved = yield* step(id, { from: ["bridging"], to: "bridged" })
        if (Option.isSome(moved))
          yield* sql`UPDATE calls SET transferred_at = clock_timestamp(), node_id = NULL, lease_until = NULL,
              deadline_at = clock_timestamp() + ${maxCallSeconds + reserveSeconds} * interval '1 second'
            WHERE id = ${moved.value.callId}`
        return moved
      }, sql.withTransaction)

      const learn: TransferStore["Service"]["learn"] = Effect.fn("TransferStore.learn")(function* (id, leg) {
        const known = leg.certain
          ? sql`${leg.providerCallId}`
          : sql`coalesce(destination_provider_call_id, ${leg.providerCallId})`
        yield* sql`UPDATE transfers SET destination_provider_call_id = ${known},
            destination_memory = destination_memory || ${sql.json(leg.memory ?? {})}::jsonb,
            drop_due_at = CASE WHEN state IN ('failed', 'canceled') AND destination_ended_at IS NULL
              AND destination_provider_call_id IS DISTINCT FROM ${leg.providerCallId}
              THEN clock_timestamp() ELSE drop_due_at END
          WHERE id = ${id}`
      })

      const destinationEnded = Effect.fn("TransferStore.destinationEnded")(function* (id: string) {
        return yield* one(
          yield* sql`UPDATE transfers SET destination_ended_at = coalesce(destination_ended_at, clock_timestamp()),
            drop_due_at = NULL WHERE id = ${id} RETURNING *`
        )
      })

      const overdue = Effect.flatMap(
        sql`SELECT * FROM transfers WHERE state = ANY(${Array.from(openStates)}::text[])
          AND deadline_at < clock_timestamp() ORDER BY deadline_at LIMIT 100`,
        many
      )

      const pauses = sql`(ARRAY[${sql.csv(dropPauses.map((pause) => sql`${pause}::int`))}])`
      const takeDrops = Effect.flatMap(
        sql`UPDATE transfers SET drop_attempts = drop_attempts + 1,
            drop_due_at = clock_timestamp() + ${pauses}[drop_attempts + 1] * interval '1 second'
          WHERE id IN (SELECT id FROM transfers WHERE drop_due_at <= clock_timestamp() ORDER BY drop_due_at LIMIT 100
            FOR UPDATE SKIP LOCKED) RETURNING *`,
        many
      )

      const dropped = (id: string) => Effect.asVoid(sql`UPDATE transfers SET drop_due_at = NULL WHERE id = ${id}`)

      return TransferStore.of({
        create,
        find,
        current,
        ofCall,
        step,
        bridged,
        learn,
        destinationEnded,
        overdue,
        takeDrops,
        dropped
      })
    })
  )
}

const one = (rows: ReadonlyArray<unknown>) => {
  const [row] = rows
  return row === undefined ? Effect.succeedNone : Effect.asSome(readTransfer(row))
}
const many = (rows: ReadonlyArray<unknown>) => Effect.forEach(rows, readTransfer)
