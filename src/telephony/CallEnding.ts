import { Context, Effect, Layer, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { isFinal } from "../carrier/CallStatus.ts"
import type { CarrierError } from "../carrier/CarrierError.ts"
import type { Call } from "./Call.ts"
import { Calls } from "./Calls.ts"
import { CarrierDesk } from "./CarrierDesk.ts"
import { joinSeconds } from "./deadlines.ts"
import { lookUntil } from "./lookUntil.ts"
import type { EndReason } from "./EndReason.ts"
import { TransferStore } from "./TransferStore.ts"

/** Ends calls towards the carrier and in the database. */
export class CallEnding extends Context.Service<
  CallEnding,
  {
    /**
     * Closes the row with the reason (first reason wins), then hangs up at the carrier with retries. Never fails: a
     * hang-up that stays uncertain is recorded and left to the sweeper. Safe to call again.
     */
    readonly hangUp: (callId: string, reason: EndReason) => Effect.Effect<void>
    /**
     * The media socket closed without anyone having ended the call: waits a short grace for the carrier's own status,
     * asks the carrier for the truth, hangs up what is still up, and closes the row.
     */
    readonly reconcile: (callId: string, suspected: EndReason) => Effect.Effect<void>
    /** Tells the carrier that a call is over whose row says so already. True when the carrier took it. */
    readonly tellCarrier: (call: Call) => Effect.Effect<boolean, SqlError>
  }
>()("switchboard/CallEnding") {
  static readonly layer = Layer.effect(
    CallEnding,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const calls = yield* Calls
      const desk = yield* CarrierDesk
      const transfers = yield* TransferStore

      const uncertain = (call: Call) => (error: CarrierError) =>
        calls
          .record(call.id, {
            source: "gateway",
            kind: "hangup.uncertain",
            payload: { kind: error.kind, message: error.message }
          })
          .pipe(Effect.as(false))

      const tellCarrier = Effect.fn("CallEnding.tellCarrier")(function* (call: Call) {
        const done = yield* desk.hangUp(call).pipe(
          Effect.as(true),
          Effect.catchTag("CarrierError", (error) => uncertain(call)(error))
        )
        if (!done) return false
        yield* sql`UPDATE calls SET hangup_due_at = NULL WHERE id = ${call.id}`
        yield* calls.record(call.id, { source: "gateway", kind: "hangup.accepted", payload: {}, dedupeKey: "hangup" })
        return true
      })

      const close = Effect.fnUntraced(function* (callId: string, reason: EndReason) {
        const { call, first } = yield* calls.end(callId, reason, { tellCarrier: true })
        if (first) yield* tellCarrier(call)
      })
      const hangUp = Effect.fn("CallEnding.hangUp")((callId: string, reason: EndReason) =>
        patiently(callId, close(callId, reason))
      )

      const settled = (callId: string) =>
        Effect.map(calls.find(callId), (found) => Option.isNone(found) || found.value.endedAt !== undefined)

      /** Carriers take the media away while they move a caller: whether it was moved is known when that is done. */
      const isHandedOver = (callId: string) =>
        Effect.map(
          lookUntil(transfers.current(callId), {
            until: (transfer) => Option.isNone(transfer) || transfer.value.state !== "bridging",
            every: "250 millis",
            again: 4 * joinSeconds
          }),
          Option.exists(({ state }) => state === "bridged")
        )

      const ask = Effect.fnUntraced(function* (callId: string, suspected: EndReason) {
        if (yield* isHandedOver(callId)) return
        const found = yield* calls.find(callId)
        if (Option.isNone(found) || found.value.endedAt !== undefined) return
        const report = yield* Effect.option(desk.status(found.value))
        if (Option.isNone(report)) return yield* close(callId, suspected)
        if (report.value === undefined) return yield* calls.end(callId, suspected)
        yield* calls.report(callId, report.value)
        if (report.value.status === undefined || !isFinal(report.value.status)) yield* close(callId, whileUp(suspected))
      })
      /** Whether the carrier may yet say by itself how a call ended. */
      const mayTell = Effect.fnUntraced(function* (callId: string) {
        const found = yield* calls.find(callId)
        if (Option.isNone(found)) return false
        const provider = yield* Effect.option(desk.provider(found.value))
        return Option.isNone(provider) || provider.value.endsWithMedia !== true
      })
      const reconcile = Effect.fn("CallEnding.reconcile")(function* (callId: string, suspected: EndReason) {
        const wait = lookUntil(settled(callId), { until: (over) => over, every: "250 millis", again: 12 })
        const grace = Effect.flatMap(mayTell(callId), (may) => (may ? wait : Effect.succeed(false)))
        yield* patiently(callId, Effect.andThen(grace, ask(callId, suspected)))
      })
      return CallEnding.of({ hangUp, reconcile, tellCarrier })
    })
  )
}

/** The reasons that a carrier's own final status gives, or that leave nothing at the carrier to be hung up. */
const endedByCarrier: ReadonlyArray<EndReason | undefined> = [
  "caller_hung_up",
  "callee_hung_up",
  "busy",
  "no_answer",
  "canceled",
  "carrier_failed",
  "carrier_rejected"
]

/** Whether a call that is over for us may still be up at the carrier. */
export const mayBeUp = (call: Call): boolean => call.endedAt !== undefined && !endedByCarrier.includes(call.endReason)

/** Nobody has hung up a call that its carrier says is still up: then the carrier let go of its media. */
const whileUp = (suspected: EndReason): EndReason =>
  suspected === "caller_hung_up" || suspected === "callee_hung_up" ? "media_lost" : suspected

/** The database may be away for a while. What stays undone after that is the sweeper's. */
const patiently = <A>(callId: string, task: Effect.Effect<A, SqlError>) =>
  task.pipe(
    Effect.retry({ schedule: Schedule.spaced("2 seconds"), times: 15 }),
    Effect.catchTag("SqlError", (error) =>
      Effect.logError(`A call could not be ended: ${error.message}`).pipe(Effect.annotateLogs({ call: callId }))
    ),
    Effect.asVoid
  )
