import { Effect } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CallMemory, StatusReport } from "../../carrier/TelephonyProvider.ts"
import type { Applications } from "./applications.ts"
import { provider } from "./config.ts"
import { clientState, type Subject } from "./correlation.ts"
import type { CallResource } from "./resources.ts"
import type { TelnyxRest } from "./rest.ts"

/** A leg of which we know the id, or only whose it is. */
export interface Leg {
  readonly callControlId: string | undefined
  readonly subject: Subject
  readonly memory: CallMemory
  /** It was answered, as we know from elsewhere. */
  readonly isAnswered: boolean
}

/** Looks legs up at Telnyx. */
export interface Finder {
  /** The id of a leg, as `status` finds it; `not-found` where there is none (yet). */
  readonly idOf: (leg: Leg) => Effect.Effect<string, CarrierError>
  /** What Telnyx says about a leg. Undefined: there is none, or it is over for more than ten minutes. */
  readonly status: (leg: Leg) => Effect.Effect<StatusReport | undefined, CarrierError>
  /** Ends a leg; one that is over is a success. One that is not there yet cannot be ended: `not-found`. */
  readonly end: (leg: Leg, commandId: string) => Effect.Effect<void, CarrierError>
}

export const makeFinder = (rest: TelnyxRest, { connectionId }: Applications): Finder => {
  /** Without its id (the dial's answer was lost) a leg is the one with our state among the calls that are up. */
  const find = Effect.fnUntraced(function* ({ callControlId, subject }: Leg) {
    if (callControlId !== undefined) return callControlId
    const state = clientState(subject)
    const call = yield* rest.activeCall(yield* connectionId, ({ client_state }) => client_state === state)
    return call?.call_control_id
  })
  const idOf = Effect.fnUntraced(function* (leg: Leg) {
    return (yield* find(leg)) ?? (yield* notFoundYet)
  })

  const status = Effect.fnUntraced(function* (leg: Leg) {
    const id = yield* find(leg)
    if (id === undefined) return undefined
    return yield* rest.call(id).pipe(
      Effect.map((call) => report(id, call, leg)),
      Effect.catchIf(isMissing, () => Effect.undefined)
    )
  })

  const end = Effect.fnUntraced(function* (leg: Leg, commandId: string) {
    const id = yield* idOf(leg)
    yield* rest
      .act(id, "hangup", { client_state: clientState(leg.subject), command_id: commandId })
      .pipe(Effect.catchIf(isMissing, () => Effect.void))
  })

  return { idOf, status, end }
}

const isMissing = ({ kind }: CarrierError) => kind === "not-found"

const notFoundYet = new CarrierError({
  provider,
  kind: "not-found",
  message:
    "Telnyx shows no such call (yet), so nothing was done. If its dial is still under way, try again once it is there."
})

/** Telnyx tells whether a call is up, and no cause of its end: only whether it was answered can be guessed. */
const report = (id: string, call: CallResource, { isAnswered, memory }: Leg): StatusReport => {
  const seconds = call.call_duration ?? 0
  const isOver = !call.is_alive && (call.end_time ?? "") !== ""
  const wasAnswered = isAnswered || memory["answered_at"] !== undefined || (isOver && seconds > 0)
  const common = { providerCallId: id, dedupeKey: `poll:${id}:${isOver ? "over" : "up"}` }
  if (!isOver) return { ...common, status: wasAnswered ? "in-progress" : undefined, rawStatus: "up" }
  return wasAnswered
    ? { ...common, status: "completed", rawStatus: "over", durationMs: Math.round(seconds * 1000) }
    : { ...common, status: "no-answer", rawStatus: "over" }
}
