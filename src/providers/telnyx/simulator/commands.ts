import { type Body, text } from "./body.ts"
import type { Leg } from "./leg.ts"
import type { Sender } from "./webhooks.ts"

/** A second command with the same `command_id` is ignored for so long (Telnyx: command retries), ms. */
export const commandMemoryMs = 60_000

/** Whether a leg has taken this command already: it is answered like the first one, and does nothing. */
export const isRepeated = (sender: Sender, leg: Leg, body: Body) => {
  const takenMs = leg.commands.get(text(body, "command_id") ?? "")
  return takenMs !== undefined && sender.nowMs() - takenMs < commandMemoryMs
}

/** Remembers a command that was taken; a refused one may be sent again. `client_state` is the leg's from now on. */
export const remember = (sender: Sender, leg: Leg, body: Body) => {
  const id = text(body, "command_id")
  if (id !== undefined) leg.commands.set(id, sender.nowMs())
  leg.clientState = text(body, "client_state") ?? leg.clientState
}
