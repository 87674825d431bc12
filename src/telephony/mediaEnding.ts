import { Cause, Effect, Exit, Option } from "effect"
import type { AgentLeg } from "../agents/AgentSpec.ts"
import type { Call } from "./Call.ts"
import { CallEnding } from "./CallEnding.ts"
import { Calls } from "./Calls.ts"
import { type EndReason, owners } from "./EndReason.ts"
import { persist } from "./mediaNotes.ts"

/**
 * How the media of a call ended: `HangUp` where we end the call, `Reconcile` where the carrier's socket went first and the
 * carrier must be asked, `Release` where the caller was joined with somebody else and the call goes on without us.
 */
export type Ending = { readonly _tag: "HangUp" | "Reconcile" | "Release"; readonly reason: EndReason }

export const hangUp = (reason: EndReason): Ending => ({ _tag: "HangUp", reason })
export const reconcile = (reason: EndReason): Ending => ({ _tag: "Reconcile", reason })

export const released: Ending = { _tag: "Release", reason: "transferred" }

/** The person on the phone hung up. */
export const hungUp = (call: Call): Ending =>
  reconcile(call.direction === "inbound" ? "caller_hung_up" : "callee_hung_up")

/** What an exit means for the call: a defect ends the call, never the process; an interruption is this node's end. */
export const endingOf = (exit: Exit.Exit<Ending>): Ending =>
  Exit.isSuccess(exit) ? exit.value : hangUp(Cause.hasInterruptsOnly(exit.cause) ? "drained" : "internal_error")

/** How long the agent waits for the call's final reason at the most. */
const patience = "5 seconds"

/**
 * Ends a call after its media. `settle` is the work towards carrier and database, which a slow one may draw out;
 * `farewell` tells the agent, once that work is done or took too long to wait for.
 */
export const mediaEnding = Effect.gen(function* () {
  const calls = yield* Calls
  const callEnding = yield* CallEnding

  const settle = Effect.fn("MediaSession.settle")(function* (
    call: Call,
    providerCallId: string | undefined,
    { _tag, reason }: Ending
  ) {
    if (providerCallId !== undefined && providerCallId !== call.providerCallId)
      yield* persist(calls.learnProviderCallId(call.id, providerCallId))
    const mediaOver = persist(calls.moveMedia(call.id, "ended"))
    if (_tag === "Release") return yield* mediaOver
    if (_tag === "Reconcile") return yield* Effect.andThen(mediaOver, callEnding.reconcile(call.id, reason))
    // Our verdict first: a carrier whose socket we closed reports the end of its call at once, as if somebody had hung up.
    yield* Effect.all([callEnding.hangUp(call.id, reason), mediaOver], { concurrency: 2, discard: true })
  })

  const finalReason = Effect.fnUntraced(function* (call: Call, ending: Ending) {
    const row = yield* calls.find(call.id).pipe(
      Effect.timeoutOption("1 second"),
      Effect.map(Option.flatten),
      Effect.orElseSucceed(() => Option.none<Call>())
    )
    const { endOwner, endReason, transferredAt } = Option.getOrElse(row, () => call)
    const reason = endReason ?? (transferredAt === undefined ? ending.reason : "transferred")
    return { reason, owner: endOwner ?? owners[reason] }
  })

  const farewell = Effect.fnUntraced(function* (
    call: Call,
    ending: Ending,
    leg: AgentLeg | undefined,
    settled: Effect.Effect<unknown>
  ) {
    yield* Effect.timeoutOption(settled, patience)
    const end = yield* finalReason(call, ending)
    if (leg !== undefined) yield* leg.ended(end)
    yield* Effect.logInfo(`The media session ended: ${end.reason} (${end.owner}).`)
  })

  return { settle, farewell }
})
