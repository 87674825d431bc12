import { Deferred, Effect } from "effect"
import type { Rooms } from "../../../simulator/Rooms.ts"
import { newId } from "./account.ts"
import type { Leg } from "./leg.ts"
import type { Conference } from "./markupRooms.ts"

/** Somebody in a conference. */
export interface Seat {
  readonly conferenceId: string
  readonly memberId: string
  /** Nobody was there before. */
  readonly first: boolean
  /** Completed when the conference has no place for this member any more. */
  readonly dismissed: Deferred.Deferred<void>
  /** Gives the place up; `last`: nobody is left. */
  readonly leave: () => { readonly last: boolean }
}

interface Member {
  readonly leg: Leg
  readonly rules: Conference
  readonly dismissed: Deferred.Deferred<void>
  /** The way out of the room where people hear each other, once they do. */
  exit: (() => void) | undefined
}

interface Meeting {
  readonly id: string
  started: boolean
  readonly members: Set<Member>
}

/** The conferences of one account, by name. */
export interface Conferences {
  /** Takes somebody in; undefined: the conference is full. */
  readonly enter: (leg: Leg, rules: Conference) => Seat | undefined
}

/**
 * Plivo's conferences: they begin with a member who has `startConferenceOnEnter`, until when the others wait; they end for
 * everybody when a member with `endConferenceOnExit` goes.
 */
export const makeConferences = (rooms: Rooms): Conferences => {
  const meetings = new Map<string, Meeting>()
  let members = 0

  const begin = (name: string, meeting: Meeting) => {
    for (const member of meeting.members) {
      member.exit ??= rooms.join(`conference ${name}`, { id: member.leg.id, record: member.leg.record })
    }
  }

  const leave = (name: string, meeting: Meeting, member: Member) => {
    if (!meeting.members.delete(member)) return { last: false }
    member.exit?.()
    const alone = meeting.members.size === 1
    for (const other of meeting.members) {
      if (member.rules.endOnExit || (alone && !other.rules.stayAlone)) {
        Deferred.doneUnsafe(other.dismissed, Effect.void)
      }
    }
    const last = meeting.members.size === 0
    if (last) meetings.delete(name)
    return { last }
  }

  return {
    enter: (leg, rules) => {
      const { name } = rules
      const meeting = meetings.get(name) ?? { id: newId(), started: false, members: new Set<Member>() }
      if (meeting.members.size >= rules.maxMembers) return undefined
      const first = meeting.members.size === 0
      const member: Member = { leg, rules, dismissed: Deferred.makeUnsafe(), exit: undefined }
      meetings.set(name, meeting)
      meeting.members.add(member)
      meeting.started ||= rules.startOnEnter
      if (meeting.started) begin(name, meeting)
      members += 1
      return {
        conferenceId: meeting.id,
        memberId: String(members),
        first,
        dismissed: member.dismissed,
        leave: () => leave(name, meeting, member)
      }
    }
  }
}
