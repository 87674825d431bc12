import { Deferred, Effect } from "effect"
import type { Rooms } from "../../../simulator/Rooms.ts"
import { now } from "./account.ts"
import type { Conference } from "./conference.ts"
import type { Final } from "./hangups.ts"
import type { Leg, Next } from "./leg.ts"
import type { Sender } from "./webhooks.ts"

/** What scripts of one fake account are run with. */
export interface Stage extends Sender {
  readonly rooms: Rooms
  /** By name. */
  readonly conferences: Map<string, Conference>
  /** Calls somebody for `<Dial>`; once answered, the leg waits until something ends it. */
  readonly dialLeg: (options: {
    readonly from: string
    readonly to: string
    readonly ringSeconds: number
  }) => Effect.Effect<Leg>
}

/** What follows an element: the next one, other markup, or the end of the call. */
export type Step = { readonly _tag: "Continue" } | { readonly _tag: "End"; readonly final: Final } | Next

export const goOn: Step = { _tag: "Continue" }
export const end = (final: Final): Step => ({ _tag: "End", final })

/** Picks the phone up, once. */
export const answer = Effect.fnUntraced(function* (leg: Leg) {
  if (leg.answeredMs !== undefined) return
  leg.answeredMs = yield* now
  leg.record.state = "in-progress"
  leg.record.changed()
  yield* Deferred.succeed(leg.answered, undefined)
})
