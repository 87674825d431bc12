import { Deferred, Effect } from "effect"
import type { Seat } from "./conferences.ts"
import { callFields, complain, type Leg, type Told } from "./leg.ts"
import type { Conference } from "./markupRooms.ts"
import type { Fields } from "./signing.ts"
import type { Stage } from "./stage.ts"
import { report } from "./webhooks.ts"

const about = (conference: Conference, seat: Seat): Fields => [
  ["ConferenceName", conference.name],
  ["ConferenceUUID", seat.conferenceId],
  ["ConferenceMemberID", seat.memberId]
]

const reportConference = (
  stage: Stage,
  leg: Leg,
  conference: Conference,
  seat: Seat,
  action: "enter" | "exit",
  last: boolean
) => {
  const hook = conference.callback
  if (hook === undefined) return Effect.void
  const fields: Fields = [
    ...callFields(stage.account, leg, action === "enter" ? "ConferenceEnter" : "ConferenceExit"),
    ["ConferenceAction", action],
    ...about(conference, seat),
    ["ConferenceFirstMember", String(seat.first)],
    ["ConferenceLastMember", String(last)]
  ]
  return report(stage, leg, { subject: `conference:${action}`, hook, fields, retried: true })
}

/**
 * Puts the call into a conference until the conference ends for it. Gives what is to be told to the element's action.
 * A hang-up or a transfer takes the call out of it by interruption.
 */
export const performConference = Effect.fnUntraced(function* (stage: Stage, leg: Leg, conference: Conference) {
  const seat = yield* Effect.acquireRelease(
    Effect.sync(() => stage.conferences.enter(leg, conference)),
    (taken) => {
      if (taken === undefined) return Effect.void
      const { last } = taken.leave()
      return reportConference(stage, leg, conference, taken, "exit", last)
    }
  )
  if (seat === undefined) {
    yield* complain(leg, `the conference ${conference.name} is full`)
    return undefined
  }
  yield* reportConference(stage, leg, conference, seat, "enter", false)
  yield* Effect.raceFirst(Deferred.await(seat.dismissed), Effect.sleep(conference.timeLimitSeconds * 1000))
  const { action } = conference
  return action === undefined ? undefined : ({ ...action, fields: about(conference, seat) } satisfies Told)
}, Effect.scoped)
