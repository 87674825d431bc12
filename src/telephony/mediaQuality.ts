import { Effect } from "effect"
import type { FormValues } from "../Form.ts"
import type { Transport } from "../Transport.ts"

/** Writes a line into the call's log; never waits for it. */
export type Note = (kind: string, payload: FormValues) => Effect.Effect<void>

/** The most lines of one kind in a call's log: an agent that silences the phone without end fills no disk. */
const maxNotes = 200

const lookEvery = "1 second"

/** The transport as it is, but that the log has each time at which speech was thrown away: `media.cleared`. */
export const notingClears = (transport: Transport, note: Note): Transport => {
  let notes = 0
  return {
    ...transport,
    clear: Effect.tap(transport.clear, ({ droppedMs, heardMs }) => {
      if (droppedMs === 0 || notes >= maxNotes) return Effect.void
      notes += 1
      return note("media.cleared", { heard_ms: Math.round(heardMs), dropped_ms: Math.round(droppedMs) })
    })
  }
}

/** Tells the log when the person heard gaps in the agent's speech, once a second at the most: `media.underrun`. Never ends. */
export const noteUnderruns = (transport: Transport, note: Note): Effect.Effect<never> => {
  let known = 0
  let notes = 0
  const look = Effect.flatMap(transport.underruns, (total) => {
    const count = total - known
    known = total
    if (count === 0 || notes >= maxNotes) return Effect.void
    notes += 1
    return note("media.underrun", { count })
  })
  return Effect.forever(Effect.delay(look, lookEvery))
}
