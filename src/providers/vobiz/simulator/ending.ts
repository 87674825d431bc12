import { Deferred, Effect } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { now } from "./account.ts"
import { type Final, finalOf, type HangupSource } from "./hangups.ts"
import type { Leg } from "./leg.ts"

/** The end of this call with a hangup code, as it stands now. */
export const finalFor = (leg: Leg, code: number, source: HangupSource): Final =>
  finalOf(leg.answeredMs !== undefined, code, source)

export const markEnded = Effect.fnUntraced(function* (leg: Leg, final: Final) {
  if (isOver(leg)) return
  leg.endedMs = yield* now
  leg.final = final
  leg.record.state = final.state
  leg.record.changed()
})

/** Ends a call from outside its script: the person, or the REST API. The state is final at once. */
export const endLeg = Effect.fnUntraced(function* (leg: Leg, final: Final) {
  if (isOver(leg)) return
  yield* markEnded(leg, final)
  yield* Deferred.succeed(leg.over, final)
})

/** The person hangs up: gives up, declines, or ends the talk. */
export const personHangsUp = (leg: Leg) =>
  Effect.suspend(() => {
    const source = leg.direction === "inbound" ? "Caller" : "Call recipient"
    if (leg.answeredMs !== undefined) return endLeg(leg, finalFor(leg, 4000, source))
    return endLeg(leg, finalFor(leg, leg.direction === "inbound" ? 1000 : 3010, source))
  })

/** The REST API hangs up. */
export const apiHangsUp = (leg: Leg) =>
  Effect.suspend(() => endLeg(leg, finalFor(leg, leg.answeredMs === undefined ? 1000 : 4000, "API Request")))
