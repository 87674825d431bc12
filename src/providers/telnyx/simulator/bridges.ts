import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { microTime } from "./account.ts"
import { cleared, type Leg } from "./leg.ts"
import { endLeg } from "./legs.ts"
import type { Stage } from "./stage.ts"
import { report } from "./webhooks.ts"

/** One side of a bridge. A parked leg stays up when the other one is gone. */
export interface Side {
  readonly leg: Leg
  readonly parks: boolean
}

/** Joins two answered legs. When one leaves, the other is hung up, unless it parks. */
export const bridge = Effect.fnUntraced(function* (stage: Stage, one: Side, other: Side) {
  for (const { leg } of [one, other]) if (leg.place !== undefined) yield* leg.place.leave
  const room = `bridge ${randomUUID()}`
  const sides = [one, other].map((side) => ({ ...side, out: stage.rooms.join(room, side.leg) }))
  const takeOut = ({ leg, out }: (typeof sides)[number]) => {
    if (leg.place?.room !== room) return false
    leg.place = undefined
    out()
    return true
  }
  for (const side of sides) {
    const leave = Effect.suspend(() => {
      if (!takeOut(side)) return Effect.void
      const left = sides.filter((each) => each !== side && takeOut(each))
      return Effect.forEach(left, ({ leg, parks }) => (parks ? Effect.void : endLeg(stage, leg, cleared("unknown"))), {
        discard: true
      })
    })
    side.leg.place = { room, leave }
  }
  for (const { leg } of sides) {
    yield* report(stage, leg, "call.bridged", { start_time: microTime(leg.createdMs) })
  }
})
