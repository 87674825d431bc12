import type { PgClient } from "@effect/sql-pg"
import { DateTime, Effect, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { append, endEvent } from "./callLog.ts"
import { type CallRecord, readCall } from "./callRow.ts"
import { callEnded } from "./metrics.ts"
import type { TransferBell } from "./TransferBell.ts"
import type { Conditions } from "./transition.ts"

/** What one change makes of a call's row, and what it has to tell. The same row again means that nothing is written. */
export type Step<A> = (
  call: CallRecord,
  conditions: Conditions
) => Effect.Effect<readonly [next: CallRecord, value: A], SqlError>

/**
 * One change at a time per call: the lock of its row, the step, the events, the row. The step sees the row as nobody else
 * can change it. A call that does not exist is a defect.
 */
export const callChange = (sql: PgClient.PgClient, bell: TransferBell["Service"], maxCallSeconds: number) => {
  const lock = Effect.fnUntraced(function* (id: string) {
    const [row] = yield* sql`SELECT *, clock_timestamp() AS now FROM calls WHERE id = ${id} FOR UPDATE`
    if (row === undefined) return yield* Effect.die(new Error(`There is no call ${id}.`))
    const { now } = yield* readClock(row)
    const conditions: Conditions = { now, maxCallSeconds }
    return { call: yield* readCall(row), conditions }
  })

  const save = (call: CallRecord) => sql`UPDATE calls SET
    provider_call_id = ${call.providerCallId ?? null}, memory = ${sql.json(call.memory)}, status = ${call.status}, media_state = ${call.mediaState},
    answered_at = ${date(call.answeredAt)}, ended_at = ${date(call.endedAt)},
    duration_ms = ${call.durationMs ?? null}, deadline_at = ${date(call.deadlineAt)},
    hangup_due_at = ${date(call.hangupDueAt)}, end_reason = ${call.endReason ?? null},
    end_owner = ${call.endOwner ?? null}, answered_by = ${call.answeredBy ?? null},
    cost_amount = ${call.cost?.amount ?? null}, cost_currency = ${call.cost?.currency ?? null}
    WHERE id = ${call.id}`

  /** Nobody is left to be transferred: the destination's leg is to be ended, whatever it does. */
  const callOffTransfer = (id: string) => sql`UPDATE transfers SET
      state = CASE WHEN state = 'bridged' THEN state ELSE 'canceled' END,
      failure_reason = CASE WHEN state = 'bridged' THEN failure_reason ELSE 'caller_gone' END,
      finished_at = coalesce(finished_at, clock_timestamp()),
      drop_due_at = CASE WHEN destination_ended_at IS NULL THEN clock_timestamp() END
    WHERE call_id = ${id} AND state IN ('requested', 'dialing', 'answered', 'bridging', 'bridged')`

  return Effect.fnUntraced(function* <A>(id: string, step: Step<A>) {
    const [before, after, result] = yield* sql.withTransaction(
      Effect.gen(function* () {
        const { call, conditions } = yield* lock(id)
        const [next, value] = yield* step(call, conditions)
        if (next === call) return [call, call, value] as const
        yield* save(next)
        if (call.endedAt === undefined && next.endedAt !== undefined) {
          yield* append(sql, id, endEvent(next))
          yield* callOffTransfer(id)
        }
        return [call, next, value] as const
      })
    )
    if (before.endedAt === undefined && after.endReason !== undefined) {
      yield* callEnded(after.endReason)
      yield* bell.ring
    }
    return [after, result] as const
  })
}

const readClock = (row: unknown) =>
  Effect.orDie(Schema.decodeUnknownEffect(Schema.Struct({ now: Schema.DateTimeUtcFromDate }))(row))
const date = (at: DateTime.Utc | undefined) => (at === undefined ? null : DateTime.toDateUtc(at))
