import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { FormValues } from "../Form.ts"
import type { CallMemory, StatusReport } from "../carrier/TelephonyProvider.ts"
import { Settings } from "../Settings.ts"
import type { Call, MediaState } from "./Call.ts"
import { callChange } from "./callChange.ts"
import { append, reportEvent } from "./callLog.ts"
import { type CallRecord, readCall } from "./callRow.ts"
import type { EndReason } from "./EndReason.ts"
import { TransferBell } from "./TransferBell.ts"
import { type Conditions, ended, mediaBroke, mediaMoved, reported } from "./transition.ts"

/** One line of a call's append-only log. The same `dedupeKey` again is not stored twice. */
export interface NewCallEvent {
  readonly source: "carrier" | "agent" | "operator" | "gateway"
  readonly kind: string
  /** No secrets. */
  readonly payload: FormValues
  readonly dedupeKey?: string
}

/** How a call is ended. */
export interface EndOptions {
  /** Notes with the end, in the same transaction, that the carrier must still be told: a crash cannot lose it. */
  readonly tellCarrier?: boolean
  readonly details?: FormValues
  /** Looked at when nobody else can change the row any more: false leaves the call as it is. */
  readonly still?: (call: CallRecord, conditions: Conditions) => boolean
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
    /**
     * The carrier could not open, or lost, the call's media. Ends the call, or corrects the reason of one that only
     * seemed to have been hung up. `first`: it was this that ended it, and the carrier is to be told.
     */
    readonly mediaFailed: (
      callId: string,
      failure: { readonly dedupeKey: string; readonly error: string }
    ) => Effect.Effect<{ readonly call: Call; readonly first: boolean }, SqlError>
    /** Forward only: none -> connecting -> streaming -> ended. Streaming proves that the call was answered. */
    readonly moveMedia: (callId: string, to: MediaState) => Effect.Effect<void, SqlError>
    /**
     * Stores the carrier's id, whichever of dial answer and media handshake brings it first. Another call of the
     * configuration that was only guessed to have this id loses it.
     */
    readonly learnProviderCallId: (
      callId: string,
      providerCallId: string,
      memory?: CallMemory
    ) => Effect.Effect<void, SqlError>
    /**
     * Ends a call with its one reason, unless it ended before; gives the row as it then is and whether it was this call
     * that ended it. Frees the slot with the same statement. Does not talk to the carrier: see `CallEnding`.
     */
    readonly end: (
      callId: string,
      reason: EndReason,
      options?: EndOptions
    ) => Effect.Effect<{ readonly call: Call; readonly first: boolean }, SqlError>
  }
>()("switchboard/Calls") {
  static readonly layer = Layer.effect(
    Calls,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { maxCallSeconds } = yield* Settings
      const change = callChange(sql, yield* TransferBell, maxCallSeconds)

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

      const record = Effect.fn("Calls.record")(function* (callId: string, event: NewCallEvent) {
        const [, added] = yield* change(callId, (call) =>
          Effect.map(append(sql, callId, event), (added) => [call, added] as const)
        )
        return added
      })

      /** A carrier's id that another call has is not this call's, whatever was found under it. */
      const idOf = Effect.fnUntraced(function* (call: CallRecord, providerCallId: string) {
        // What a carrier tells about this very call names it better than the answer to the dial did.
        if (
          call.providerCallId === providerCallId ||
          (call.providerCallId !== undefined && call.direction === "inbound")
        )
          return call.providerCallId
        const taken = yield* sql`SELECT 1 FROM calls
          WHERE telephony_configuration_id = ${call.telephonyConfigurationId} AND provider_call_id = ${providerCallId}`
        if (taken.length === 0) return providerCallId
        yield* append(sql, call.id, conflict(call.providerCallId, providerCallId))
        return call.providerCallId
      })
      const apply = Effect.fnUntraced(function* (call: CallRecord, report: StatusReport, conditions: Conditions) {
        const added = yield* append(sql, call.id, reportEvent(report))
        if (!added) return [call, undefined] as const
        const next = reported(call, report, conditions)
        return [{ ...next, providerCallId: yield* idOf(call, report.providerCallId) }, undefined] as const
      })
      const report = Effect.fn("Calls.report")(function* (callId: string, report: StatusReport) {
        const [call] = yield* change(callId, (call, conditions) => apply(call, report, conditions)).pipe(retryTaken)
        return call
      })

      const endedOrderly = Effect.fnUntraced(function* ({ id, mediaState }: CallRecord) {
        if (mediaState !== "ended") return false
        const broken = yield* sql`SELECT 1 FROM call_events WHERE call_id = ${id} AND kind = 'media.failed' LIMIT 1`
        return broken.length === 0
      })
      const mediaFailed = Effect.fn("Calls.mediaFailed")(function* (
        callId: string,
        failure: { readonly dedupeKey: string; readonly error: string }
      ) {
        const [call, first] = yield* change(
          callId,
          Effect.fnUntraced(function* (call: CallRecord, conditions: Conditions) {
            const orderly = yield* endedOrderly(call)
            const added = yield* append(sql, callId, {
              source: "carrier",
              kind: "media.failed",
              payload: { error: failure.error },
              dedupeKey: `media:${failure.dedupeKey}`
            })
            const next = added ? mediaBroke(call, orderly, conditions) : call
            if (call.endedAt !== undefined && next !== call) {
              const payload = { presumed: call.endReason ?? null, reason: next.endReason ?? null }
              yield* append(sql, callId, { source: "gateway", kind: "call.reason_corrected", payload })
            }
            return [next, call.endedAt === undefined && next.endedAt !== undefined] as const
          })
        )
        return { call, first }
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
        providerCallId: string,
        learnt: CallMemory = {}
      ) {
        // Before this call's own lock: whoever guesses locks its own row first, too.
        yield* sql`UPDATE calls SET provider_call_id = NULL
          WHERE id <> ${callId} AND direction = 'outbound' AND provider_call_id = ${providerCallId} AND telephony_configuration_id =
            (SELECT telephony_configuration_id FROM calls WHERE id = ${callId} AND provider_call_id IS NULL)`
        yield* change(callId, (before) => {
          // What is remembered already came later than what is learnt by dialling.
          const call =
            Object.keys(learnt).length === 0 ? before : { ...before, memory: { ...learnt, ...before.memory } }
          if (call.providerCallId === undefined)
            return Effect.succeed([{ ...call, providerCallId }, undefined] as const)
          if (call.providerCallId === providerCallId) return Effect.succeed([call, undefined] as const)
          return Effect.as(append(sql, callId, conflict(call.providerCallId, providerCallId)), [
            call,
            undefined
          ] as const)
        }).pipe(retryTaken)
      })

      const end = Effect.fn("Calls.end")(function* (callId: string, reason: EndReason, options: EndOptions = {}) {
        const [call, first] = yield* change(callId, (call, conditions) => {
          if (call.endedAt !== undefined || options.still?.(call, conditions) === false)
            return Effect.succeed([call, false] as const)
          const next = ended(call, reason, conditions, options.tellCarrier ?? false)
          const details: NewCallEvent = { source: "gateway", kind: `ending.${reason}`, payload: options.details ?? {} }
          return options.details === undefined
            ? Effect.succeed([next, true] as const)
            : Effect.as(append(sql, callId, details), [next, true] as const)
        })
        return { call, first }
      })
      return Calls.of({ find, findByProviderId, record, report, mediaFailed, moveMedia, learnProviderCallId, end })
    })
  )
}

const conflict = (known: string | undefined, refused: string): NewCallEvent => ({
  source: "gateway",
  kind: "provider_call_id.conflict",
  payload: { known: known ?? null, refused },
  dedupeKey: `conflict:${refused}`
})

/** Two calls that take the same carrier's id at the same time: the second one sees the first one's at its second try. */
const retryTaken = <A>(change: Effect.Effect<A, SqlError>) =>
  Effect.retry(change, { times: 2, while: (error) => error.reason._tag === "UniqueViolation" })

const isUuid = Schema.is(Schema.String.check(Schema.isUUID()))
