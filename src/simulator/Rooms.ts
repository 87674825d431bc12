import type { CallRecord } from "./CallRecord.ts"

/** One person in a room: the id of their call, and its record. */
export interface RoomMember {
  readonly id: string
  readonly record: CallRecord
}

/**
 * Where people hear each other: a conference by its name, or two calls that the carrier bridged. A call's snapshot shows the
 * others as `togetherWith`.
 */
export interface Rooms {
  /** Somebody comes in. Gives the way out, which may be taken twice. */
  readonly join: (room: string, member: RoomMember) => () => void
  /** Who is in the room now, in the order of coming. */
  readonly members: (room: string) => ReadonlyArray<RoomMember>
}

/** Rooms with nobody in them. */
export const makeRooms = (): Rooms => {
  const rooms = new Map<string, ReadonlyArray<RoomMember>>()
  const members = (room: string) => rooms.get(room) ?? []
  const set = (room: string, present: ReadonlyArray<RoomMember>) => {
    if (present.length === 0) rooms.delete(room)
    else rooms.set(room, present)
    for (const member of present) {
      member.record.togetherWith = present.filter((other) => other !== member).map(({ id }) => id)
    }
    // Only when all of them know: who waits for one of them may look at the others at once.
    for (const member of present) member.record.changed()
  }
  return {
    members,
    join: (room, member) => {
      set(room, [...members(room), member])
      return () => {
        if (!members(room).includes(member)) return
        member.record.togetherWith = []
        set(
          room,
          members(room).filter((other) => other !== member)
        )
        member.record.changed()
      }
    }
  }
}
