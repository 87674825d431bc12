import { randomUUID } from "node:crypto"
import { Deferred, Effect } from "effect"
import { makeRooms } from "../../../simulator/Rooms.ts"
import type { Call } from "./leg.ts"
import type { Conversation as Entry } from "./ncco.ts"

export const newConversationId = () => `CON-${randomUUID()}`

interface Member {
  readonly call: Call
  readonly endsOnExit: boolean
  readonly ended: Deferred.Deferred<void>
  leave: () => void
}

interface Conversation {
  readonly id: string
  readonly members: Set<Member>
  isStarted: boolean
}

/** What a leg asks for when it comes in. */
export type Wish = Pick<Entry, "name" | "startOnEnter" | "endOnExit">

/** A place in a conversation: its id, its end, and the way out, which may be taken twice. */
export interface Place {
  readonly id: string
  readonly ended: Effect.Effect<void>
  readonly leave: Effect.Effect<void>
}

/** Named conversations: people hear each other from the moment that one comes in with `startOnEnter`. */
export interface Conversations {
  readonly enter: (call: Call, wish: Wish) => Effect.Effect<Place>
}

export const makeConversations = (): Conversations => {
  const rooms = makeRooms()
  const named = new Map<string, Conversation>()

  const seat = (conversation: Conversation, member: Member) => {
    member.leave = rooms.join(conversation.id, member.call)
  }

  return {
    enter: (call, { endOnExit = false, name, startOnEnter = true }) =>
      Effect.sync(() => {
        const conversation = named.get(name) ?? {
          id: newConversationId(),
          members: new Set<Member>(),
          isStarted: false
        }
        named.set(name, conversation)
        const member: Member = { call, endsOnExit: endOnExit, ended: Deferred.makeUnsafe(), leave: () => {} }
        conversation.members.add(member)
        if (conversation.isStarted) seat(conversation, member)
        else if (startOnEnter) {
          conversation.isStarted = true
          for (const each of conversation.members) seat(conversation, each)
        }
        const forget = (leaving: Member) => {
          leaving.leave()
          conversation.members.delete(leaving)
          if (conversation.members.size === 0 && named.get(name) === conversation) named.delete(name)
        }
        const leave = Effect.suspend(() => {
          if (!conversation.members.has(member)) return Effect.void
          forget(member)
          if (!endOnExit) return Effect.void
          const others = Array.from(conversation.members)
          for (const other of others) forget(other)
          return Effect.forEach(others, ({ ended }) => Deferred.succeed(ended, undefined), { discard: true })
        })
        return { id: conversation.id, ended: Deferred.await(member.ended), leave }
      })
  }
}
