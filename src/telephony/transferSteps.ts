import { Cause, Clock, Effect, Option, Schedule } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { CarrierError } from "../carrier/CarrierError.ts"
import { isFinal } from "../carrier/CallStatus.ts"
import type { StatusReport } from "../carrier/TelephonyProvider.ts"
import type { TransferFailure, TransferLegReport, TransferStrategy } from "../carrier/TransferStrategy.ts"
import { UrlTokens } from "../organizations/UrlTokens.ts"
import { Settings } from "../Settings.ts"
import type { Call } from "./Call.ts"
import { CallCommands } from "./CallCommands.ts"
import { CallEnding } from "./CallEnding.ts"
import { Calls } from "./Calls.ts"
import { CarrierDesk } from "./CarrierDesk.ts"
import { ringReserveSeconds } from "./deadlines.ts"
import { openStates, type Transfer } from "./Transfer.ts"
import { transferPlan } from "./transferPlan.ts"
import { TransferStore } from "./TransferStore.ts"

/** How long after the dial the carrier is first asked for the destination's leg, and how often then: callbacks get lost. */
const firstLook = "10 seconds"
const nextLook = "3 seconds"

/**
 * The steps of a transfer. Every one is claimed in the row by compare-and-set before anything is done, so it makes no
 * difference on which node, in which order and how often the carrier tells about the destination.
 */
export const transferSteps = Effect.gen(function* () {
  const { maxCallSeconds } = yield* Settings
  const store = yield* TransferStore
  const calls = yield* Calls
  const commands = yield* CallCommands
  const ending = yield* CallEnding
  const desk = yield* CarrierDesk
  const tokens = yield* UrlTokens
  const scope = yield* Effect.scope

  const dialledOf = (call: Call, transfer: Transfer) => transferPlan(call, transfer, tokens, maxCallSeconds)

  /** Does something with the call's strategy; a carrier that takes too long has not done it, for all that is known. */
  const withStrategy = <A>(
    call: Call,
    act: (strategy: TransferStrategy) => Effect.Effect<A, CarrierError>
  ): Effect.Effect<A, CarrierError> =>
    Effect.flatMap(desk.provider(call), ({ transfer }) =>
      transfer === undefined ? Effect.fail(noStrategy(call)) : act(transfer)
    ).pipe(Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.fail(silent(call)) }))

  /** Tells the agent where the transfer stands, if it is still there. */
  const tell = (transfer: Transfer, state: string, reason?: TransferFailure) =>
    commands
      .send(transfer.callId, { _tag: "TransferState", state, ...(reason === undefined ? {} : { reason }) })
      .pipe(Effect.catchTag("CallNotHeld", () => Effect.void))

  const fail = Effect.fnUntraced(function* (
    transfer: Transfer,
    from: ReadonlyArray<Transfer["state"]>,
    failure: TransferFailure,
    message?: string
  ) {
    const failed = yield* store.step(transfer.id, {
      from,
      to: "failed",
      failure,
      drop: true,
      ...(message === undefined ? {} : { message })
    })
    if (Option.isNone(failed)) return
    yield* tell(failed.value, "failed", failure)
    yield* dropDue
  })

  const drop = Effect.fnUntraced(function* (transfer: Transfer) {
    const call = yield* calls.find(transfer.callId)
    if (Option.isNone(call)) return
    const dropped = yield* withStrategy(call.value, (strategy) => strategy.drop(dialledOf(call.value, transfer))).pipe(
      Effect.as(transfer.destinationCallId !== undefined),
      Effect.catchTag("CarrierError", ({ message }) =>
        Effect.as(Effect.logWarning(`A transfer's destination was not hung up: ${message}`), false)
      )
    )
    if (dropped) yield* store.dropped(transfer.id)
  })

  const dropDue: Effect.Effect<void, SqlError> = Effect.flatMap(store.takeDrops, (transfers) =>
    Effect.forEach(transfers, drop, { concurrency: 8, discard: true })
  )

  const join = Effect.fnUntraced(function* (transfer: Transfer) {
    const claimed = yield* store.step(transfer.id, { from: ["answered"], to: "bridging" })
    const found = yield* calls.find(transfer.callId)
    if (Option.isNone(claimed) || Option.isNone(found)) return
    const call = found.value
    yield* tell(transfer, "bridging")
    const refused = yield* withStrategy(call, (strategy) => strategy.join(dialledOf(call, claimed.value))).pipe(
      Effect.retry({ schedule: Schedule.exponential("300 millis"), times: 2, while: passing }),
      Effect.as(undefined),
      Effect.catchTag("CarrierError", (error) => Effect.succeed(error))
    )
    if (refused !== undefined) return yield* fail(transfer, ["bridging"], "bridge_failed", refused.message)
    const bridged = yield* store.bridged(transfer.id)
    if (Option.isNone(bridged)) return
    yield* tell(transfer, "bridged")
    yield* commands.send(call.id, { _tag: "Release" }).pipe(Effect.catchTag("CallNotHeld", () => Effect.void))
    if (bridged.value.destinationEndedAt !== undefined) yield* finish(call.id)
  })

  /** The destination of a transfer that had succeeded hung up: the caller is not left alone. */
  const finish = Effect.fnUntraced(function* (callId: string) {
    const { call, first } = yield* calls.end(callId, "transferred", { tellCarrier: true })
    if (first) yield* ending.tellCarrier(call)
  })

  const answered = Effect.fnUntraced(function* (transfer: Transfer) {
    const moved = yield* store.step(transfer.id, { from: ["requested", "dialing"], to: "answered" })
    if (Option.isSome(moved)) yield* Effect.forkIn(guarded(join(moved.value)), scope)
  })

  const ended = Effect.fnUntraced(function* (transfer: Transfer, failure: TransferFailure) {
    const now = yield* store.destinationEnded(transfer.id)
    if (Option.isNone(now)) return
    if (now.value.state === "bridged") return yield* finish(transfer.callId)
    yield* fail(now.value, ["requested", "dialing", "answered"], failure)
  })

  const report = Effect.fn("Transfers.report")(function* (transferId: string, leg: TransferLegReport) {
    const found = yield* store.find(transferId)
    if (Option.isNone(found))
      return yield* Effect.logInfo("A carrier reported about a transfer that is not known here.")
    const transfer = found.value
    const fresh = yield* calls.record(transfer.callId, {
      source: "carrier",
      kind: "transfer.leg",
      payload: { transfer_id: transferId, provider_call_id: leg.providerCallId, status: leg.rawStatus },
      dedupeKey: `transfer:${transferId}:${leg.dedupeKey}`
    })
    if (fresh || transfer.destinationCallId === undefined)
      yield* store.learn(transferId, { ...leg, certain: true, memory: leg.memory ?? {} })
    if (leg.state === "ended") return yield* ended(transfer, leg.failure ?? "rejected")
    if (leg.state === "answered") return yield* answered(transfer)
    if (fresh && transfer.state === "dialing") yield* tell(transfer, "ringing")
  })

  /** Asks the carrier for the destination's leg until something is known, or the time is up. */
  const watch = Effect.fnUntraced(function* (call: Call, transferId: string, untilMs: number) {
    const look = Effect.gen(function* () {
      const found = yield* store.find(transferId)
      if (Option.isNone(found) || found.value.state !== "dialing") return true
      const transfer = found.value
      if ((yield* Clock.currentTimeMillis) >= untilMs) {
        yield* fail(transfer, ["dialing"], "timeout")
        return true
      }
      const status = yield* Effect.option(withStrategy(call, (strategy) => strategy.status(dialledOf(call, transfer))))
      const leg = Option.flatMapNullishOr(status, (known) => (known === undefined ? undefined : legOf(known)))
      if (Option.isSome(leg)) yield* report(transferId, leg.value)
      return false
    })
    const pause = Effect.map(Clock.currentTimeMillis, (now) => Math.max(0, untilMs - now))
    const wait = (usual: "10 seconds" | "3 seconds") =>
      Effect.flatMap(pause, (ms) => Effect.raceFirst(Effect.sleep(usual), Effect.sleep(ms)))
    yield* wait(firstLook)
    yield* Effect.repeat(
      Effect.tap(look, (known) => (known ? Effect.void : wait(nextLook))),
      { until: (known) => known }
    )
  })

  const dial = Effect.fn("Transfers.dial")(function* (call: Call, transfer: Transfer) {
    const begun = yield* store.step(transfer.id, { from: ["requested"], to: "dialing" })
    if (Option.isNone(begun)) return
    yield* tell(transfer, "dialing")
    const startedAt = yield* Clock.currentTimeMillis
    const outcome = yield* Effect.result(withStrategy(call, (strategy) => strategy.dial(dialledOf(call, transfer))))
    if (outcome._tag === "Success") {
      const { memory, providerCallId } = outcome.success
      yield* store.learn(transfer.id, { providerCallId, certain: false, ...(memory === undefined ? {} : { memory }) })
      yield* dropDue
    } else if (outcome.failure.kind !== "unknown-outcome") {
      const { kind, message } = outcome.failure
      return yield* fail(transfer, ["dialing"], kind === "rejected" ? "rejected" : "carrier_failed", message)
    }
    yield* watch(call, transfer.id, startedAt + (transfer.ringSeconds + ringReserveSeconds) * 1000)
  }, guarded)

  /** Nobody brought the transfer on in time: its node is gone, or the carrier said nothing. */
  const expire = (transfer: Transfer) =>
    fail(transfer, openStates, transfer.state === "bridging" ? "bridge_failed" : "timeout")

  const tend = Effect.flatMap(store.overdue, (transfers) => Effect.forEach(transfers, expire, { discard: true })).pipe(
    Effect.andThen(dropDue),
    Effect.withSpan("Transfers.tend")
  )

  return { dial, report, tend }
})

/** What runs on its own must not die of a database that is away: whoever tends the transfers goes on with them. */
const guarded = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<void> =>
  Effect.catchCause(Effect.asVoid(effect), (cause) =>
    Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.logWarning("A transfer could not go on now", cause)
  )

const passing = ({ kind }: CarrierError) =>
  kind === "rate-limited" || kind === "unavailable" || kind === "unknown-outcome"

const failureOf = (report: StatusReport): TransferFailure => {
  if (report.status === "busy") return "busy"
  if (report.status === "no-answer" || report.status === "canceled") return "no_answer"
  return report.status === "failed" ? "unreachable" : "rejected"
}

/** A status that was asked for, as a report about the leg. */
const legOf = (report: StatusReport): TransferLegReport | undefined => {
  const { dedupeKey, providerCallId, rawStatus, status } = report
  if (status === undefined) return undefined
  const told = { providerCallId, rawStatus, dedupeKey }
  if (isFinal(status)) return { ...told, state: "ended", failure: failureOf(report) }
  return { ...told, state: status === "in-progress" ? "answered" : "ringing" }
}

const noStrategy = ({ mode }: Call) =>
  new CarrierError({ provider: mode, kind: "rejected", message: "This carrier cannot transfer calls." })

const silent = ({ mode }: Call) =>
  new CarrierError({
    provider: mode,
    kind: "unknown-outcome",
    message: "The carrier did not answer in time. Its status page may tell more."
  })
