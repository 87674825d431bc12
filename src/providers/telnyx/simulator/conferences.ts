import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { microTime } from "./account.ts"
import { cleared, type Leg } from "./leg.ts"
import { endLeg } from "./legs.ts"
import type { Stage } from "./stage.ts"
import { report } from "./webhooks.ts"

interface Member {
  readonly leg: Leg
  /** The others are hung up when this one leaves. */
  readonly endsAll: boolean
  /** The conference ends when this one leaves; the legs of the others stay up. */
  readonly endsConference: boolean
  held: boolean
  /** The way out of the room; undefined while the member hears nobody. */
  out: (() => void) | undefined
}

type EndReason = "all_left" | "ended_via_api" | "host_left" | "time_exceeded"

export interface Conference {
  readonly id: string
  readonly name: string
  readonly connectionId: string
  readonly region: string
  readonly maxParticipants: number
  readonly createdMs: number
  status: "init" | "in_progress" | "completed"
  endReason: EndReason | undefined
  /** In the order of coming. */
  members: ReadonlyArray<Member>
}

export const newConference = (
  leg: Leg,
  options: { readonly name: string; readonly region: string; readonly maxParticipants: number; readonly nowMs: number }
): Conference => ({
  id: randomUUID(),
  name: options.name,
  connectionId: leg.application.id,
  region: options.region,
  maxParticipants: options.maxParticipants,
  createdMs: options.nowMs,
  status: "init",
  endReason: undefined,
  members: []
})

export const conferenceResource = (conference: Conference) => ({
  record_type: "conference",
  id: conference.id,
  name: conference.name,
  created_at: microTime(conference.createdMs),
  updated_at: microTime(conference.createdMs),
  expires_at: microTime(conference.createdMs + 14_400_000),
  connection_id: conference.connectionId,
  region: conference.region,
  status: conference.status,
  ...(conference.endReason === undefined ? {} : { end_reason: conference.endReason })
})

const roomOf = (conference: Conference) => `conference ${conference.id}`

/** Puts everybody who may hear the others into the room, and takes out who may not. */
const settle = (stage: Stage, conference: Conference) => {
  for (const member of conference.members) {
    const hears = conference.status === "in_progress" && !member.held
    if (hears) member.out ??= stage.rooms.join(roomOf(conference), member.leg)
    else {
      member.out?.()
      member.out = undefined
    }
  }
}

const remove = Effect.fnUntraced(function* (stage: Stage, conference: Conference, member: Member) {
  conference.members = conference.members.filter((each) => each !== member)
  member.out?.()
  member.out = undefined
  member.leg.place = undefined
  yield* report(stage, member.leg, "conference.participant.left", { conference_id: conference.id })
})

/** Ends a conference: everybody leaves it, and is hung up or not. `teller` is the leg whose address hears of it. */
export const endConference = Effect.fnUntraced(function* (
  stage: Stage,
  conference: Conference,
  options: { readonly reason: EndReason; readonly hangsUp: boolean; readonly teller: Leg }
) {
  if (conference.status === "completed") return
  conference.status = "completed"
  conference.endReason = options.reason
  for (const member of conference.members) {
    yield* remove(stage, conference, member)
    if (options.hangsUp) yield* endLeg(stage, member.leg, cleared("unknown"))
  }
  yield* report(stage, options.teller, "conference.ended", { conference_id: conference.id, reason: options.reason })
})

const leave = Effect.fnUntraced(function* (stage: Stage, conference: Conference, member: Member) {
  if (!conference.members.includes(member)) return
  yield* remove(stage, conference, member)
  const teller = member.leg
  if (member.endsAll || member.endsConference) {
    yield* endConference(stage, conference, { reason: "host_left", hangsUp: member.endsAll, teller })
  } else if (conference.members.length === 0) {
    yield* endConference(stage, conference, { reason: "all_left", hangsUp: false, teller })
  }
})

/** Brings an answered leg in. A leg is in one place at a time. */
export const joinConference = Effect.fnUntraced(function* (
  stage: Stage,
  conference: Conference,
  leg: Leg,
  options: {
    readonly endsAll: boolean
    readonly endsConference: boolean
    readonly held: boolean
    readonly starts: boolean
  }
) {
  if (leg.place !== undefined) yield* leg.place.leave
  const { endsAll, endsConference, held, starts } = options
  const member: Member = { leg, endsAll, endsConference, held, out: undefined }
  conference.members = [...conference.members, member]
  if (starts) conference.status = "in_progress"
  leg.place = { room: roomOf(conference), leave: Effect.suspend(() => leave(stage, conference, member)) }
  settle(stage, conference)
  yield* report(stage, leg, "conference.participant.joined", { conference_id: conference.id })
})

export const isIn = (conference: Conference, leg: Leg) => conference.members.some((member) => member.leg === leg)

/** Puts members on hold, or back; all of them unless legs are named. */
export const hold = (stage: Stage, conference: Conference, held: boolean, ids: ReadonlyArray<string> | undefined) => {
  for (const member of conference.members) {
    if (ids === undefined || ids.includes(member.leg.id)) member.held = held
  }
  settle(stage, conference)
}
