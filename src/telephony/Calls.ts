import { PgClient } from "@effect/sql-pg"
import { Context, DateTime, Effect, Layer, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { FormValues } from "../Form.ts"
import type { StatusReport } from "../carrier/TelephonyProvider.ts"
import { Settings } from "../Settings.ts"
import type { Call, MediaState } from "./Call.ts"
import { append, endEvent, reportEvent } from "./callLog.ts"
import { type CallRecord, readCall } from "./callRow.ts"
import type { EndReason } from "./EndReason.ts"
import { callEnded } from "./metrics.ts"
import { type Conditions, ended, mediaMoved, reported } from "./transition.ts"

/** One line of a call's append-only log. The same `dedupeKey` again is not stored twice. */
export interface NewCallEvent {
  readonly source: "carrier" | "agent" | "operator" | "gateway"
  readonly kind: string
  /** No secrets. */
  readonly payload: FormValues
  readonly dedupeKey?: string
}

/**
 * The calls' rows and their state machine: every change is one transaction that appends the event and moves the state if
 * the move is legal. Final states absorb. A call that does not exist is a defect: whoever names one found it before.
 */
export class Calls extends Context.Service<
  Calls,
  {
    readonly find: (id: string) => Effect.Effect<Option.Option<Call>, SqlError>
    readonly findByProviderId: (
      configurationId: string,
      providerCallId: string
    ) => Effect.Effect<Option.Option<Call>, SqlError>
    /** Appends to the log; false when an event with that dedupe key was there already. */
    readonly record: (callId: string, event: NewCallEvent) => Effect.Effect<boolean, SqlError>
    /** Applies what a carrier reported. Duplicates, late and reordered reports change nothing that order would not. */
    readonly report: (callId: string, report: StatusReport) => Effect.Effect<Call, SqlError>
    /** Forward only: none -> connecting -> streaming -> ended. Streaming proves that the call was answered. */
    readonly moveMedia: (callId: string, to: MediaState) => Effect.Effect<void, SqlError>
    /** Stores the carrier's id, whichever of dial answer, callback and media handshake brings it first. */
    readonly learnProviderCallId: (callId: string, providerCallId: string) => Effect.Effect<void, SqlError>
    /**
     * Ends a call with its one reason, unless it ended before; gives the row as it then is and whether it was this call
     * that ended it. Frees the slot with the same statement. Does not talk to the carrier: see `CallEnding`. With
     * `tellCarrier` the same transaction notes that the carrier must still be told, so that a crash cannot lose it.
     */
    readonly end: (
      callId: string,
      reason: EndReason,
      options?: { readonly tellCarrier?: boolean; readonly details?: FormValues }
    ) => Effect.Effect<{ readonly call: Call; readonly first: boolean }, SqlError>
  }
>()("switchboard/Calls") {
  static readonly layer = Layer.effect(
    Calls,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { maxCallSeconds } = yield* Settings

      const one = Effect.fnUntraced(function* (rows: ReadonlyArray<unknown>) {
        const [row] = rows
        return row === undefined ? Option.none<CallRecord>() : Option.some(yield* readCall(row))
      })
      const find = (id: string) =>
        isUuid(id) ? Effect.flatMap(sql`SELECT * FROM calls WHERE id = ${id}`, one) : Effect.succeedNone
      const findByProviderId = (configurationId: string, providerCallId: string) =>
        Effect.flatMap(
          sql`SELECT * FROM calls
            WHERE telephony_configuration_id = ${configurationId} AND provider_call_id = ${providerCallId}`,
          one
        )

      const lock = Effect.fnUntraced(function* (id: string) {
        const [row] = yield* sql`SELECT *, clock_timestamp() AS now FROM calls WHERE id = ${id} FOR UPDATE`
        if (row === undefined) return yield* Effect.die(new Error(`There is no call ${id}.`))
        const { now } = yield* readClock(row)
        const conditions: Conditions = { now, maxCallSeconds }
        return { call: yield* readCall(row), conditions }
      })

      const save = (call: CallRecord) => sql`UPDATE calls SET
        provider_call_id = ${call.providerCallId ?? null}, status = ${call.status}, media_state = ${call.mediaState},
        answered_at = ${date(call.answeredAt)}, ended_at = ${date(call.endedAt)},
        duration_ms = ${call.durationMs ?? null}, deadline_at = ${date(call.deadlineAt)},
        hangup_due_at = ${date(call.hangupDueAt)}, end_reason = ${call.endReason ?? null},
        end_owner = ${call.endOwner ?? null}, answered_by = ${call.answeredBy ?? null},
        cost_amount = ${call.cost?.amount ?? null}, cost_currency = ${call.cost?.currency ?? null}
        WHERE id = ${call.id}`

      /** One change: the lock, the step, the events, the row. The step sees the row as nobody else can change it. */
      const change = Effect.fnUntraced(function* <A>(
        id: string,
        step: (call: CallRecord, conditions: Conditions) => Effect.Effect<readonly [CallRecord, A], SqlError>
      ) {
        const [before, after, result] = yield* sql.withTransaction(
          Effect.gen(function* () {
            const { call, conditions } = yield* lock(id)
            const [next, value] = yield* step(call, conditions)
            if (next === call) return [call, call, value] as const
            yield* save(next)
            if (call.endedAt === undefined && next.endedAt !== undefined) yield* append(sql, id, endEvent(next))
            return [call, next, value] as const
          })
        )
        if (before.endedAt === undefined && after.endReason !== undefined) yield* callEnded(after.endReason)
        return [after, result] as const
      })

      const record = Effect.fn("Calls.record")(function* (callId: string, event: NewCallEvent) {
        const [, added] = yield* change(callId, (call) =>
          Effect.map(append(sql, callId, event), (added) => [call, added] as const)
        )
        return added
      })
      const report = Effect.fn("Calls.report")(function* (callId: string, report: StatusReport) {
        const [call] = yield* change(callId, (call, conditions) =>
          Effect.map(
            append(sql, callId, reportEvent(report)),
            (added) => [added ? reported(call, report, conditions) : call, undefined] as const
          )
        )
        return call
      })
      const moveMedia = Effect.fn("Calls.moveMedia")(function* (callId: string, to: MediaState) {
        yield* change(callId, (call, conditions) => {
          const moved = mediaMoved(call, to, conditions)
          if (moved === undefined) return Effect.succeed([call, undefined] as const)
          const event: NewCallEvent = { source: "gateway", kind: `media.${to}`, payload: {} }
          return Effect.as(append(sql, callId, event), [moved, undefined] as const)
        })
      })
      const learnProviderCallId = Effect.fn("Calls.learnProviderCallId")(function* (
        callId: string,
        providerCallId: string
      ) {
        yield* change(callId, (call) => {
          if (call.providerCallId === undefined)
            return Effect.succeed([{ ...call, providerCallId }, undefined] as const)
          if (call.providerCallId === providerCallId) return Effect.succeed([call, undefined] as const)
          const event: NewCallEvent = {
            source: "gateway",
            kind: "provider_call_id.conflict",
            payload: { known: call.providerCallId, refused: providerCallId },
            dedupeKey: `conflict:${providerCallId}`
          }
          return Effect.as(append(sql, callId, event), [call, undefined] as const)
        })
      })
      const end = Effect.fn("Calls.end")(function* (
        callId: string,
        reason: EndReason,
        options?: { readonly tellCarrier?: boolean; readonly details?: FormValues }
      ) {
        const [call, first] = yield* change(callId, (call, conditions) => {
          if (call.endedAt !== undefined) return Effect.succeed([call, false] as const)
          const next = ended(call, reason, conditions, options?.tellCarrier ?? false)
          const details: NewCallEvent = { source: "gateway", kind: `ending.${reason}`, payload: options?.details ?? {} }
          return options?.details === undefined
            ? Effect.succeed([next, true] as const)
            : Effect.as(append(sql, callId, details), [next, true] as const)
        })
        return { call, first }
      })
      return Calls.of({ find, findByProviderId, record, report, moveMedia, learnProviderCallId, end })
    })
  )
}

const readClock = (row: unknown) =>
  Effect.orDie(Schema.decodeUnknownEffect(Schema.Struct({ now: Schema.DateTimeUtcFromDate }))(row))
const date = (at: DateTime.Utc | undefined) => (at === undefined ? null : DateTime.toDateUtc(at))
const isUuid = Schema.is(Schema.String.check(Schema.isUUID()))
