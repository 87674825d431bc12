import { Deferred, Effect } from "effect"
import { makeRooms } from "../../../simulator/Rooms.ts"
import type { ConferenceNoun } from "./cxmlVerbs.ts"
import { complain, type Leg, type Stage } from "./leg.ts"
import { reportConference } from "./webhooks.ts"

interface Conference {
  readonly name: string
  /** Of the first participant that brought one; it hears of everybody. */
  hook: ConferenceNoun["hook"]
  readonly present: Array<Leg>
  readonly started: Deferred.Deferred<void>
  readonly ended: Deferred.Deferred<void>
}

export interface Conferences {
  /** A participant enters, and stays until the conference ends or the effect is interrupted. */
  readonly attend: (leg: Leg, noun: ConferenceNoun) => Effect.Effect<void>
  readonly all: () => ReadonlyArray<{ readonly name: string; readonly members: ReadonlyArray<string> }>
  /** Ends a conference for everybody. False: there is none of this name. */
  readonly end: (name: string) => Effect.Effect<boolean>
  /** Two sessions hear each other until the effect is interrupted. */
  readonly bridge: (one: Leg, other: Leg) => Effect.Effect<never>
}

/** Event words of the markup, and the names they are told by: the join is documented, the others are assumed. */
const eventNames = {
  start: "conference-start",
  end: "conference-end",
  join: "participant-join",
  leave: "participant-leave"
} as const

/** The rooms of a domain. */
export const makeConferences = (stage: Stage): Conferences => {
  const rooms = makeRooms()
  const conferences = new Map<string, Conference>()

  const tell = (conference: Conference, leg: Leg, event: keyof typeof eventNames) => {
    const { hook, name } = conference
    if (hook === undefined || !hook.events.includes(event)) return Effect.void
    return reportConference(stage, leg, { name, hook }, eventNames[event])
  }

  const open = (name: string): Conference => {
    const found = conferences.get(name)
    if (found !== undefined) return found
    const conference: Conference = {
      name,
      hook: undefined,
      present: [],
      started: Deferred.makeUnsafe(),
      ended: Deferred.makeUnsafe()
    }
    conferences.set(name, conference)
    return conference
  }

  const close = Effect.fnUntraced(function* (conference: Conference) {
    if (conferences.get(conference.name) === conference) conferences.delete(conference.name)
    yield* Deferred.succeed(conference.ended, undefined)
  })

  const leave = Effect.fnUntraced(function* (conference: Conference, leg: Leg, noun: ConferenceNoun) {
    conference.present.splice(conference.present.indexOf(leg), 1)
    yield* tell(conference, leg, "leave")
    if (noun.endOnExit || conference.present.length === 0) yield* close(conference)
    if (conference.present.length === 0) yield* tell(conference, leg, "end")
  })

  const attend = Effect.fnUntraced(function* (leg: Leg, noun: ConferenceNoun) {
    const conference = open(noun.name)
    if (conference.present.length >= noun.maxParticipants) {
      return yield* complain(leg, `conference: ${noun.name} is full`)
    }
    conference.hook ??= noun.hook
    yield* Effect.acquireRelease(
      Effect.sync(() => conference.present.push(leg)),
      () => leave(conference, leg, noun)
    )
    yield* tell(conference, leg, "join")
    if (noun.startOnEnter && (yield* Deferred.succeed(conference.started, undefined))) {
      yield* tell(conference, leg, "start")
    }
    const talk = Effect.gen(function* () {
      yield* Deferred.await(conference.started)
      yield* Effect.acquireRelease(
        Effect.sync(() => rooms.join(`conference:${noun.name}`, { id: leg.id, record: leg.record })),
        (out) => Effect.sync(out)
      )
      return yield* Effect.never
    })
    yield* Effect.raceFirst(Deferred.await(conference.ended), Effect.scoped(talk))
  }, Effect.scoped)

  return {
    attend,
    all: () =>
      Array.from(conferences.values(), ({ name, present }) => ({ name, members: present.map(({ id }) => id) })),
    end: Effect.fnUntraced(function* (name) {
      const conference = conferences.get(name)
      if (conference === undefined) return false
      yield* close(conference)
      return true
    }),
    bridge: (one, other) =>
      Effect.scoped(
        Effect.andThen(
          Effect.acquireRelease(
            Effect.sync(() =>
              [one, other].map((leg) => rooms.join(`bridge:${one.id}`, { id: leg.id, record: leg.record }))
            ),
            (outs) => Effect.sync(() => outs.forEach((out) => out()))
          ),
          Effect.never
        )
      )
  }
}
