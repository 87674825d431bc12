import { Deferred, Effect, Metric } from "effect"
import type { WebSocket } from "ws"
import type { TransportError } from "../../Transport.ts"
import type { AgentEnd, AgentLost } from "../AgentSpec.ts"
import type { Arrival } from "./arrivals.ts"
import type { Hearing } from "./hearing.ts"
import type { Inbox } from "./inbox.ts"
import type { SocketLimits } from "./limits.ts"
import { watch } from "./liveness.ts"
import { badMessages, chunksDropped, chunksSent } from "./metrics.ts"

/** A connection to an agent that is to be joined with the audio of a call. */
export interface Joining {
  readonly socket: WebSocket
  readonly limits: SocketLimits
  readonly inbox: Inbox
  readonly hearing: Hearing
  /** How the agent's part ends; also by a defect in what is called from the socket. */
  readonly end: Deferred.Deferred<AgentEnd, AgentLost>
  /** Hears the media to its end. */
  readonly receive: Effect.Effect<void, TransportError>
  /** The code with which the connection was closed already; undefined while it stands. */
  readonly closedWith: () => number | undefined
  /** Reads the connection from now on. Gives the way to stop. */
  readonly begin: (listener: (arrival: Arrival) => void) => () => void
  readonly onArrival: (arrival: Arrival) => void
  readonly onClose: (code: number, reason: Buffer) => void
  /** What is done first when the agent's part is over. */
  readonly leaving?: Effect.Effect<void>
  /** How many messages could not be used. */
  readonly mistakes: () => number
}

const mediaEnded: AgentEnd = { _tag: "MediaEnded" }

/**
 * Joins an agent's connection with the media until one of the two ends it, or the agent answers no pings. A connection that
 * stalled or fell silent is cut. Nothing of it listens afterwards.
 */
export const joined = Effect.fnUntraced(function* (joining: Joining) {
  const { closedWith, end, hearing, inbox, limits, onArrival, onClose, socket } = joining
  /** A defect of ours ends this call; out of a socket's callback it would end the process. */
  const contained = (arrival: Arrival) => {
    try {
      onArrival(arrival)
    } catch (defect) {
      Deferred.doneUnsafe(end, Effect.die(defect))
    }
  }

  yield* Effect.acquireRelease(
    Effect.sync(() => {
      socket.on("close", onClose)
      // What the agent said before it closed comes first: it may have asked for the end.
      const stopListening = joining.begin(contained)
      const code = closedWith()
      if (code !== undefined) onClose(code, Buffer.alloc(0))
      return stopListening
    }),
    (stopListening) =>
      (joining.leaving ?? Effect.void).pipe(
        Effect.andThen(
          Effect.sync(() => {
            socket.off("close", onClose)
            stopListening()
            inbox.stop()
          })
        ),
        Effect.andThen(Metric.update(chunksSent, hearing.counts().sent)),
        Effect.andThen(Metric.update(chunksDropped, hearing.counts().dropped)),
        Effect.andThen(Metric.update(badMessages, joining.mistakes()))
      )
  )

  return yield* Effect.raceAllFirst([
    Effect.as(joining.receive, mediaEnded),
    Deferred.await(end),
    watch(socket, inbox.isWaiting, limits)
  ]).pipe(
    Effect.tapErrorTag("AgentLost", ({ reason }) =>
      Effect.sync(() => {
        if (reason === "stalled" || reason === "silent") socket.terminate()
      })
    )
  )
}, Effect.scoped)
