import type { CallEvent } from "./call.ts"

type Events = ReadonlyArray<CallEvent>

/** A part of a call's log. */
export interface Phase {
  readonly name: "Setting up" | "Conversation" | "After the end"
  readonly events: Events
}

/** Events of one kind in a row; `folded`: so many that they are shown as one line. */
export interface Group {
  readonly events: Events
  readonly folded: boolean
}

const FOLDED_FROM = 5

/** Kinds of which each line is worth reading. */
const neverFolded = /^(transcript|transfer|call|agent\.(lost|resumed))/

/** A call's log in its parts: until audio flows, until the end, after. Parts in which nothing happened are left out. */
export const phases = (events: Events): ReadonlyArray<Phase> => {
  const ended = events.findIndex(({ kind }) => kind === "call.ended")
  const end = ended === -1 ? events.length : ended + 1
  const streaming = events.findIndex(({ kind }) => kind === "media.streaming")
  const talk = streaming === -1 || streaming > end ? end : streaming
  const parts: ReadonlyArray<Phase> = [
    { name: "Setting up", events: events.slice(0, talk) },
    { name: "Conversation", events: events.slice(talk, end) },
    { name: "After the end", events: events.slice(end) }
  ]
  return parts.filter((part) => part.events.length > 0)
}

/** Puts events of one kind and source that follow each other together. */
export const grouped = (events: Events): ReadonlyArray<Group> => {
  const runs: Array<Array<CallEvent>> = []
  for (const event of events) {
    const run = runs.at(-1)
    const before = run?.at(-1)
    if (run !== undefined && before?.kind === event.kind && before.source === event.source) run.push(event)
    else runs.push([event])
  }
  return runs.map((run) => ({
    events: run,
    folded: run.length >= FOLDED_FROM && !neverFolded.test(run[0]?.kind ?? "")
  }))
}
