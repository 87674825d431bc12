import { Deferred, Effect } from "effect"
import { makeRooms } from "../../../simulator/Rooms.ts"
import type { Leg } from "./leg.ts"

/** How a leg takes part in a conference (Twilio: Conference noun). */
export interface Participation {
  readonly name: string
  /** Its leaving ends the conference for everybody. */
  readonly endOnExit: boolean
}

/** The conferences of one account. */
export interface Conferences {
  /** Takes part until the conference ends; whoever is interrupted leaves it. */
  readonly attend: (leg: Leg, participation: Participation) => Effect.Effect<void>
}

export const makeConferences = (): Conferences => {
  const rooms = makeRooms()
  const running = new Map<string, Deferred.Deferred<void>>()
  return {
    attend: (leg, { endOnExit, name }) =>
      Effect.suspend(() => {
        const over = running.get(name) ?? Deferred.makeUnsafe<void>()
        running.set(name, over)
        const leave = rooms.join(name, { id: leg.id, record: leg.record })
        return Effect.ensuring(
          Deferred.await(over),
          Effect.suspend(() => {
            leave()
            const ends = endOnExit || rooms.members(name).length === 0
            if (ends && running.get(name) === over) running.delete(name)
            return ends ? Deferred.succeed(over, undefined) : Effect.void
          })
        )
      })
  }
}
