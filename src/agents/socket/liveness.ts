import { Effect, Schedule } from "effect"
import type { WebSocket } from "ws"
import { AgentLost } from "../AgentSpec.ts"
import type { SocketLimits } from "./limits.ts"

/** Pings that may stay unanswered. */
const patience = 2

/**
 * Pings the agent for as long as it runs, and fails when two pings went by without an answer or anything else from it.
 * While we do not read the connection ourselves (`isWaiting`) silence says nothing about the agent.
 */
export const watch = (
  socket: WebSocket,
  isWaiting: () => boolean,
  limits: SocketLimits
): Effect.Effect<never, AgentLost> => {
  let unanswered = 0
  const answered = () => {
    unanswered = 0
  }
  const ping = Effect.suspend(() => {
    if (isWaiting()) unanswered = 0
    if (unanswered >= patience) {
      return new AgentLost({ reason: "silent", message: `The agent left ${patience} pings unanswered.` })
    }
    unanswered += 1
    if (socket.readyState === socket.OPEN) socket.ping()
    return Effect.void
  })
  return Effect.acquireUseRelease(
    Effect.sync(() => socket.on("pong", answered).on("message", answered)),
    () => ping.pipe(Effect.delay(limits.pingMs), Effect.repeat(Schedule.forever), Effect.andThen(Effect.never)),
    () => Effect.sync(() => socket.off("pong", answered).off("message", answered))
  )
}
