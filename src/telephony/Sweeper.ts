import { Cause, Clock, Context, DateTime, Effect, Layer, Option, Ref, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { isFinal } from "../carrier/CallStatus.ts"
import { Settings } from "../Settings.ts"
import { CallEnding } from "./CallEnding.ts"
import { Calls, type EndOptions } from "./Calls.ts"
import { CarrierDesk } from "./CarrierDesk.ts"
import { type CallRecord, readCall } from "./callRow.ts"
import type { EndReason } from "./EndReason.ts"
import { exclusively } from "./exclusively.ts"
import { Node } from "./Node.ts"
import { priceCalls } from "./prices.ts"

/** Pauses before the carrier is asked or told again, s; after the last one we decide without it. */
const backoffSeconds = [10, 30, 60, 120]

/** How many calls one pass takes on, so that a pass ends; the next one follows at once when more wait. */
const batch = 100

/** Towards carriers at once. */
const concurrency = 8

/**
 * A sweeper that did not get to look for this long, ms, was without its database, as the other nodes may have been: they
 * get the time to renew their leases before any is called lost.
 */
const blindMs = 10_000
const renewalMs = 12_000

/**
 * Finds the calls that nobody ends: past their state's deadline, or held by a node that is lost. Asks the carrier for the
 * truth, hangs up what should be over, and closes each with a reason.
 */
export class Sweeper extends Context.Service<
  Sweeper,
  {
    /** One pass over everything that is overdue now. Safe beside another node's pass. */
    readonly sweep: Effect.Effect<void, SqlError>
    /** Passes for ever, each kind of work at its own pace: a carrier that is slow does not keep a lost node's slots. */
    readonly sweeping: Effect.Effect<void, SqlError>
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
      /** When the leases were last looked at, and from when on they are believed. */
      const looked = yield* Ref.make<{ readonly at: number | undefined; readonly believed: number }>({
        at: undefined,
        believed: 0
      })

      /** Whether this look can be trusted to tell a lost node from a database that was away. */
      const sees = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const { at, believed } = yield* Ref.get(looked)
        const next = at !== undefined && now - at > blindMs ? now + renewalMs : believed
        yield* Ref.set(looked, { at: now, believed: next })
        return now >= next
      })

      /** Ends the row at once; the carrier is told by the pass over those that are still up. */
      const close = Effect.fnUntraced(function* (call: CallRecord, reason: EndReason, still: Still) {
        const { first } = yield* calls.end(call.id, reason, { tellCarrier: true, still })
        if (first)
          yield* sql`UPDATE calls SET hangup_due_at = clock_timestamp()
          WHERE id = ${call.id} AND hangup_due_at IS NOT NULL`
      })

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
        const still = unmoved(call)
        const answer = yield* Effect.result(desk.status(call))
        if (answer._tag === "Failure")
          return (yield* giveUp(call)) ? yield* close(call, silentReason(call), still) : undefined
        unanswered.delete(call.id)
        const report = answer.success
        if (report === undefined) return void (yield* calls.end(call.id, unknownReason(call), { still }))
        yield* calls.report(call.id, report)
        if (report.status !== undefined && isFinal(report.status))
          return void (yield* calls.end(call.id, "status_lost", { still }))
        yield* close(call, overdueReason(call), still)
      })

      /** The node that held the call is lost, and the audio with it. Before the audio, another node can go on. */
      const orphaned = Effect.fnUntraced(function* (call: CallRecord) {
        if (call.mediaState !== "none") return yield* close(call, "node_lost", leaseRanOut)
        const freed = yield* sql`UPDATE calls SET node_id = NULL, lease_until = NULL
          WHERE id = ${call.id} AND media_state = 'none' AND lease_until < clock_timestamp() RETURNING id`
        if (freed.length === 0) return
        const report = yield* Effect.option(desk.status(call))
        if (Option.isSome(report) && report.value !== undefined) yield* calls.report(call.id, report.value)
      })

      /** The row is closed, the carrier was not told, or did not take it. */
      const stillUp = Effect.fnUntraced(function* (call: CallRecord) {
        const pause = backoffSeconds[call.hangupAttempts]
        const next = pause === undefined ? sql`NULL` : sql`clock_timestamp() + ${pause} * interval '1 second'`
        const claimed = yield* sql`UPDATE calls SET hangup_due_at = ${next}, hangup_attempts = hangup_attempts + 1
          WHERE id = ${call.id} AND hangup_due_at <= clock_timestamp() RETURNING id`
        if (claimed.length === 0) return
        const told = yield* ending.tellCarrier(call)
        if (!told && pause === undefined)
          yield* Effect.logError("The carrier never confirmed a hang-up: look there whether the call is still up.")
      })

      const lost = Effect.gen(function* () {
        if (!(yield* sees)) return
        const rows = yield* sql`SELECT * FROM calls WHERE ended_at IS NULL AND lease_until < clock_timestamp()
          ORDER BY media_state = 'none', lease_until LIMIT ${batch}`
        yield* each(rows, orphaned, batch)
      })

      const late = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        // What ended without us is not waited for any longer.
        for (const [id, { againAt }] of unanswered) if (againAt < now - 600_000) unanswered.delete(id)
        const waiting = Array.from(unanswered).flatMap(([id, { againAt }]) => (againAt > now ? [id] : []))
        const rows = yield* sql`SELECT * FROM calls WHERE ended_at IS NULL AND deadline_at < clock_timestamp()
          AND NOT id = ANY(${waiting}::uuid[]) ORDER BY deadline_at LIMIT ${batch}`
        yield* each(rows, overdue)
      })

      const untold = Effect.gen(function* () {
        const rows = yield* sql`SELECT * FROM calls WHERE hangup_due_at <= clock_timestamp()
          ORDER BY hangup_due_at LIMIT ${batch}`
        yield* each(rows, stillUp)
      })

      const oldTickets = sql`DELETE FROM media_tickets WHERE expires_at < clock_timestamp() - interval '1 hour'`

      const sweep = Effect.all([lost, late, untold], { discard: true }).pipe(Effect.withSpan("Sweeper.sweep"))
      const tidying = Effect.repeat(oldTickets, Schedule.spaced("1 minute"))
      const sweeping = Effect.all([often(lost), often(late), often(untold), tidying], {
        concurrency: "unbounded",
        discard: true
      })
      return Sweeper.of({ sweep, sweeping })
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
      const { sweeping } = yield* Sweeper
      const { databaseUrl } = yield* Settings
      const node = yield* Node
      const isEmbedded = Option.isNone(databaseUrl)
      if (isEmbedded)
        yield* sql`UPDATE calls SET lease_until = clock_timestamp() WHERE node_id <> ${node.id} AND ended_at IS NULL`
      const delayed = isEmbedded ? sweeping : Effect.delay(sweeping, renewalMs)
      const pricing = Effect.repeat(priceCalls, Schedule.spaced("5 seconds"))
      const both = Effect.all([delayed, pricing], { concurrency: 2, discard: true })
      yield* Effect.forkScoped(exclusively("switchboard/sweeper", both))
    })
  )
}

const often = <A>(part: Effect.Effect<A, SqlError>) => Effect.repeat(part, Schedule.spaced("2 seconds"))

type Still = NonNullable<EndOptions["still"]>

/** The call is where the sweeper found it, and late as it was then: meanwhile its carrier was asked. */
const unmoved =
  (seen: CallRecord): Still =>
  (call, { now }) =>
    call.status === seen.status && call.mediaState === seen.mediaState && DateTime.isLessThan(call.deadlineAt, now)

const leaseRanOut: Still = ({ leaseUntil }, { now }) => leaseUntil !== undefined && DateTime.isLessThan(leaseUntil, now)

/** One call that cannot be dealt with, or even read, does not keep the others waiting. */
const each = (
  rows: ReadonlyArray<unknown>,
  act: (call: CallRecord) => Effect.Effect<void, SqlError>,
  atOnce = concurrency
) =>
  Effect.forEach(
    rows,
    (row) =>
      Effect.flatMap(readCall(row), (call) => Effect.annotateLogs(act(call), { call: call.id })).pipe(
        Effect.catchCauseIf(
          (cause) => !Cause.hasInterrupts(cause),
          (cause) => Effect.logWarning("A call could not be swept; the next pass tries again", cause)
        )
      ),
    { concurrency: atOnce, discard: true }
  )

/** Why a call is over of which the carrier tells nothing. */
const unknownReason = (call: CallRecord): EndReason =>
  call.status === "initiated" && call.direction === "outbound" ? "dial_unknown" : "status_lost"

/** Why a call must end whose carrier does not answer. */
const silentReason = (call: CallRecord): EndReason =>
  call.mediaState === "streaming" || call.transferredAt !== undefined ? "max_duration" : unknownReason(call)

/** Why a call must end that the carrier says is still up. */
const overdueReason = (call: CallRecord): EndReason => {
  if (call.transferredAt !== undefined) return "max_duration"
  if (call.mediaState === "ended") return "media_lost"
  if (call.mediaState === "streaming") return "max_duration"
  return call.status === "in-progress" || call.direction === "inbound" ? "media_never_started" : "no_answer"
}
