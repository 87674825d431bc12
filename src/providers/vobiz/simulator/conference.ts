import { randomUUID } from "node:crypto"
import { Deferred, Effect } from "effect"
import { newDigits } from "./account.ts"
import type { ConferenceElement } from "./elements.ts"
import { complain, type Leg, note } from "./leg.ts"
import type { Fields } from "./signing.ts"
import { goOn, type Stage } from "./stage.ts"
import { report } from "./webhooks.ts"

/** One call in a conference. */
interface Member {
  readonly id: string
  readonly leg: Leg
  readonly element: ConferenceElement
  /** Completed when the conference lets it go, with the reason. */
  readonly out: Deferred.Deferred<string>
}

export interface Conference {
  readonly uuid: string
  members: ReadonlyArray<Member>
}

/** `maxMembers` has no effect. */
const maxMembers = 20

const statusFields = (stage: Stage, leg: Leg): Fields => [
  ["CallStatus", leg.answeredMs === undefined ? "ringing" : "in-progress"],
  ["Direction", leg.direction],
  ["From", leg.wire.from],
  ["ParentAuthID", stage.account.parentId],
  ["To", leg.wire.to]
]

/** Enter tells who came, exit only ids (Vobiz: conference callbacks). Names of ids as Plivo's. */
const reportMember = (
  stage: Stage,
  conference: Conference,
  member: Member,
  action: "enter" | "exit",
  alone: boolean
) => {
  const { element, leg } = member
  const ids: Fields = [
    ["CallUUID", leg.id],
    ["ConferenceAction", action],
    ["ConferenceMemberID", member.id],
    ["ConferenceName", element.room],
    ["ConferenceUUID", conference.uuid]
  ]
  const event = action === "enter" ? "ConferenceEnter" : "ConferenceExit"
  const own: Fields =
    action === "enter"
      ? [...statusFields(stage, leg), ["ConferenceFirstMember", String(alone)], ["Event", event]]
      : [
          ["ConferenceLastMember", String(alone)],
          ["Event", event]
        ]
  return report(stage, leg, element.callback, `conference:${event}`, [...ids, ...own])
}

/** Whoever is alone now and may not be is let go. */
const dropLonely = Effect.fnUntraced(function* (conference: Conference) {
  const [lonely, ...others] = conference.members
  if (lonely === undefined || others.length > 0 || lonely.element.stayAlone) return
  yield* Deferred.succeed(lonely.out, "alone")
})

/** Runs `<Conference>` until its person leaves or is let go; then the next element runs. */
export const performConference = Effect.fnUntraced(function* (stage: Stage, leg: Leg, element: ConferenceElement) {
  const { conferences, rooms } = stage
  const conference: Conference = conferences.get(element.room) ?? { uuid: randomUUID(), members: [] }
  if (conference.members.length >= maxMembers) {
    yield* complain(leg, `the conference ${element.room} has 20 members already`)
    return goOn
  }
  const member: Member = { id: newDigits(5), leg, element, out: Deferred.makeUnsafe() }
  const come = Effect.gen(function* () {
    conferences.set(element.room, conference)
    conference.members = [...conference.members, member]
    const alone = conference.members.length === 1
    yield* reportMember(stage, conference, member, "enter", alone)
    const leave = rooms.join(`conference:${element.room}`, leg)
    yield* dropLonely(conference)
    return leave
  })
  const go = Effect.fnUntraced(function* (leave: () => void) {
    leave()
    conference.members = conference.members.filter((other) => other !== member)
    if (conference.members.length === 0) conferences.delete(element.room)
    yield* reportMember(stage, conference, member, "exit", conference.members.length === 0)
    if (element.endOnExit) {
      for (const other of conference.members) yield* Deferred.succeed(other.out, "ended")
    } else yield* dropLonely(conference)
  })
  const stay = Effect.timeoutOrElse(Deferred.await(member.out), {
    duration: element.limitSeconds * 1000,
    orElse: () => Effect.succeed("time limit")
  })
  const reason = yield* Effect.acquireUseRelease(come, () => stay, go)
  yield* note(leg, `left the conference ${element.room}: ${reason}`)
  return goOn
})
