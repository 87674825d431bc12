import { Clock, Context, Effect, Layer, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { isFinal } from "../carrier/CallStatus.ts"
import { Settings } from "../Settings.ts"
import { CallEnding } from "./CallEnding.ts"
import { Calls } from "./Calls.ts"
import { CarrierDesk } from "./CarrierDesk.ts"
import { type CallRecord, readCalls } from "./callRow.ts"
import type { EndReason } from "./EndReason.ts"
import { exclusively } from "./exclusively.ts"
import { Node } from "./Node.ts"
import { priceCalls } from "./prices.ts"

/** Pauses before the carrier is asked or told again, s; after the last one we decide without it. */
const backoffSeconds = [10, 30, 60, 120]

/** How many calls one pass takes on, so that a pass ends; the next one follows at once when more wait. */
const batch = 100

/**
 * Finds the calls that nobody ends: past their state's deadline, or held by a node that is lost. Asks the carrier for the
 * truth, hangs up what should be over, and closes each with a reason.
 */
export class Sweeper extends Context.Service<
  Sweeper,
  {
    /** One pass over everything that is overdue now. Safe beside another node's pass. */
    readonly sweep: Effect.Effect<void, SqlError>
  }
>()("switchboard/Sweeper") {
  static readonly layer = Layer.effect(
    Sweeper,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const calls = yield* Calls
      const ending = yield* CallEnding
      const desk = yield* CarrierDesk
      /** Calls whose carrier did not answer: how often, and when to ask again. */
      const unanswered = new Map<string, { readonly times: number; readonly againAt: number }>()

      /** True when the carrier has been given its last chance. */
      const giveUp = Effect.fnUntraced(function* (call: CallRecord) {
        const now = yield* Clock.currentTimeMillis
        const times = unanswered.get(call.id)?.times ?? 0
        const pause = backoffSeconds[times]
        if (pause === undefined) return unanswered.delete(call.id)
        unanswered.set(call.id, { times: times + 1, againAt: now + pause * 1000 })
        return false
      })

      /** The call is past its deadline: its own state says what that means. */
      const overdue = Effect.fnUntraced(function* (call: CallRecord) {
        const answer = yield* Effect.result(desk.status(call))
        if (answer._tag === "Failure")
          return (yield* giveUp(call)) ? yield* ending.hangUp(call.id, silentReason(call)) : undefined
        unanswered.delete(call.id)
        const report = answer.success
        if (report === undefined) return void (yield* calls.end(call.id, unknownReason(call)))
        const after = yield* calls.report(call.id, report)
        if (after.endedAt !== undefined) return
        const moved = after.status !== call.status || after.mediaState !== call.mediaState
        const over = report.status !== undefined && isFinal(report.status)
        if (over) return void (yield* calls.end(call.id, "status_lost"))
        if (!moved) yield* ending.hangUp(call.id, overdueReason(call))
      })

      /** The node that held the call is lost, and the audio with it. Before the audio, another node can go on. */
      const orphaned = Effect.fnUntraced(function* (call: CallRecord) {
        if (call.mediaState !== "none") return yield* ending.hangUp(call.id, "node_lost")
        yield* sql`UPDATE calls SET node_id = NULL, lease_until = NULL WHERE id = ${call.id}`
        const report = yield* Effect.option(desk.status(call))
        if (Option.isSome(report) && report.value !== undefined) yield* calls.report(call.id, report.value)
      })

      /** The row is closed, the carrier was not told, or did not take it. */
      const stillUp = Effect.fnUntraced(function* (call: CallRecord) {
        const pause = backoffSeconds[call.hangupAttempts]
        const next = pause === undefined ? sql`NULL` : sql`clock_timestamp() + ${pause} * interval '1 second'`
        yield* sql`UPDATE calls SET hangup_due_at = ${next}, hangup_attempts = hangup_attempts + 1
          WHERE id = ${call.id}`
        yield* ending.tellCarrier(call)
      })

      const sweep = Effect.gen(function* () {
        const lost = yield* sql`SELECT * FROM calls WHERE ended_at IS NULL AND lease_until < clock_timestamp()
          ORDER BY lease_until LIMIT ${batch}`
        yield* each(lost, orphaned)
        const now = yield* Clock.currentTimeMillis
        const waiting = Array.from(unanswered).flatMap(([id, { againAt }]) => (againAt > now ? [id] : []))
        const late = yield* sql`SELECT * FROM calls WHERE ended_at IS NULL AND deadline_at < clock_timestamp()
          AND NOT id = ANY(${waiting}::uuid[]) ORDER BY deadline_at LIMIT ${batch}`
        yield* each(late, overdue)
        const untold = yield* sql`SELECT * FROM calls WHERE hangup_due_at < clock_timestamp()
          ORDER BY hangup_due_at LIMIT ${batch}`
        yield* each(untold, stillUp)
        yield* sql`DELETE FROM media_tickets WHERE expires_at < clock_timestamp() - interval '1 hour'`
      }).pipe(Effect.withSpan("Sweeper.sweep"))
      return Sweeper.of({ sweep })
    })
  )

  /**
   * Sweeps every two seconds and looks for prices, on one node at a time. The embedded database has one process: whatever
   * another node held there died with it. A server may have been away for longer than a lease: every node gets the time to
   * renew its own before any is called lost.
   */
  static readonly run = Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { sweep } = yield* Sweeper
      const { databaseUrl } = yield* Settings
      const node = yield* Node
      const isEmbedded = Option.isNone(databaseUrl)
      if (isEmbedded)
        yield* sql`UPDATE calls SET lease_until = clock_timestamp() WHERE node_id <> ${node.id} AND ended_at IS NULL`
      const sweeps = Effect.repeat(sweep, Schedule.spaced("2 seconds"))
      const sweeping = isEmbedded ? sweeps : Effect.delay(sweeps, "12 seconds")
      const pricing = Effect.repeat(priceCalls, Schedule.spaced("5 seconds"))
      const both = Effect.all([sweeping, pricing], { concurrency: 2, discard: true })
      yield* Effect.forkScoped(exclusively("switchboard/sweeper", both))
    })
  )
}

const each = (rows: ReadonlyArray<unknown>, act: (call: CallRecord) => Effect.Effect<void, SqlError>) =>
  Effect.flatMap(readCalls(rows), (found) =>
    Effect.forEach(found, (call) => Effect.annotateLogs(act(call), { call: call.id }), {
      concurrency: 8,
      discard: true
    })
  )

/** Why a call is over of which the carrier tells nothing. */
const unknownReason = (call: CallRecord): EndReason =>
  call.status === "initiated" && call.direction === "outbound" ? "dial_unknown" : "status_lost"

/** Why a call must end whose carrier does not answer. */
const silentReason = (call: CallRecord): EndReason =>
  call.mediaState === "streaming" ? "max_duration" : unknownReason(call)

/** Why a call must end that the carrier says is still up. */
const overdueReason = (call: CallRecord): EndReason => {
  if (call.mediaState === "ended") return "media_lost"
  if (call.mediaState === "streaming") return "max_duration"
  return call.status === "in-progress" || call.direction === "inbound" ? "media_never_started" : "no_answer"
}
