import { Effect } from "effect"
import type { WebSocket } from "ws"
import { AgentLost } from "../AgentSpec.ts"
import type { HeldSocket } from "./hold.ts"
import type { SocketLimits } from "./limits.ts"
import { watch } from "./liveness.ts"

/** A connection that waits for its call's audio. */
export interface Waiting {
  readonly socket: WebSocket
  readonly held: HeldSocket
  readonly limits: SocketLimits
  /** Whether a connection that the agent closed with this code is lost; any is, unless given. */
  readonly isLost?: (code: number) => boolean
}

/** Pings an agent that has nothing to hear yet; fails when it answers no pings, or closes the connection. */
export const waiting = ({ held, isLost = () => true, limits, socket }: Waiting): Effect.Effect<never, AgentLost> => {
  const closed = Effect.callback<never, AgentLost>((resume) => {
    const onClose = (code: number) => {
      if (isLost(code))
        resume(new AgentLost({ reason: "closed", message: `The agent closed the connection with code ${code}.` }))
    }
    const code = held.closedWith()
    if (code !== undefined) onClose(code)
    socket.once("close", onClose)
    return Effect.sync(() => socket.off("close", onClose))
  })
  return Effect.raceFirst(watch(socket, held.isFull, limits), closed)
}
