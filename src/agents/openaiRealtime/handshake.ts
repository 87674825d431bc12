import { Effect } from "effect"
import { WebSocket } from "ws"
import { AgentUnreachable } from "../AgentSpec.ts"
import { arrivals } from "../socket/arrivals.ts"
import { type HeldSocket, hold } from "../socket/hold.ts"
import { sendJson, shut } from "../socket/connection.ts"
import type { Refusals } from "./apiWords.ts"
import type { ClientEvent, Session } from "./clientEvents.ts"
import type { Limits } from "./limits.ts"
import { readEvent } from "./serverEvents.ts"

/** A session with the agent's settings, all but the audio. It says nothing before it is asked to. */
export interface OpenSession {
  readonly socket: WebSocket
  readonly held: HeldSocket
  /** The API said that a caller who begins to speak cancels the response. */
  readonly cancelsByItself: boolean
}

const failed = (message: string) => new AgentUnreachable({ reason: "handshake-failed", message })

/**
 * Sends the settings over a new connection and waits until the API has taken them: a wrong key, an unknown model, a voice that
 * there is not are refused here. It ends within `sessionMs`.
 */
export const openSession = (socket: WebSocket, session: Session, refused: Refusals, limits: Limits) => {
  let isThere = false
  return Effect.callback<OpenSession, AgentUnreachable>((resume) => {
    const finish = (result: Effect.Effect<OpenSession, AgentUnreachable>) => {
      socket.off("message", onMessage).off("close", onClose)
      resume(result)
    }
    const onMessage = arrivals(({ binary, data }) => {
      if (binary) return
      const read = readEvent(data.toString("utf8"))
      if (read._tag === "Ignored") return
      if (read._tag === "Unreadable") return finish(Effect.fail(failed(refused.unreadable(read.why))))
      const { event } = read
      if (event.type === "error") return finish(Effect.fail(failed(refused.event(event.error))))
      if (event.type === "session.created") isThere = true
      if (event.type !== "session.updated") return
      const cancelsByItself = event.session.audio?.input?.turn_detection?.interrupt_response === true
      finish(Effect.succeed({ socket, held: hold(socket), cancelsByItself }))
    })
    const onClose = (code: number, reason: Buffer) =>
      finish(Effect.fail(failed(refused.closed(code, reason.toString("utf8")))))
    socket.on("message", onMessage).on("close", onClose)
    const update: ClientEvent = { type: "session.update", event_id: "sb_settings", session }
    if (socket.readyState === WebSocket.OPEN) sendJson(socket, update)
    else onClose(1006, Buffer.alloc(0))
    return Effect.sync(() => socket.off("message", onMessage).off("close", onClose))
  }).pipe(
    Effect.timeoutOrElse({
      duration: limits.sessionMs,
      orElse: () =>
        new AgentUnreachable({ reason: "handshake-timeout", message: refused.late(limits.sessionMs, isThere) })
    }),
    Effect.tapError(() => shut(socket, 1000, "no session", limits))
  )
}
