import { Effect } from "effect"
import { WebSocket } from "ws"
import { AgentUnreachable } from "../AgentSpec.ts"
import { arrivals } from "../socket/arrivals.ts"
import { sendJson, shut } from "../socket/connection.ts"
import { type HeldSocket, hold } from "../socket/hold.ts"
import type { Limits } from "./limits.ts"
import type { AgentAudio, AgentIdentity, CallAccept, CallStart } from "./messages.ts"
import { readFirst } from "./reading.ts"

/** A connection over which the agent took the call. */
export interface AcceptedCall {
  readonly socket: WebSocket
  readonly audio: AgentAudio
  /** What the agent says that it is. */
  readonly agent: AgentIdentity
  readonly held: HeldSocket
}

const refused = (host: string, why: string | undefined) =>
  new AgentUnreachable({
    reason: "refused-call",
    message: `The agent at ${host} refused the call${why === undefined ? "" : `: ${why.slice(0, 200)}`}.`
  })
const failed = (host: string, why: string) =>
  new AgentUnreachable({ reason: "handshake-failed", message: `The agent at ${host} ${why}.` })

/** Says `call.start` and waits for the agent to take the call or to refuse it. Audio that comes before that is dropped. */
export const shakeHands = (socket: WebSocket, start: typeof CallStart.Type, limits: Limits) => {
  const host = new URL(socket.url).host
  return Effect.callback<AcceptedCall, AgentUnreachable>((resume) => {
    const finish = (result: Effect.Effect<AcceptedCall, AgentUnreachable>) => {
      socket.off("message", onMessage).off("close", onClose)
      resume(result)
    }
    const onMessage = arrivals(({ data, binary }) => {
      if (binary) return
      const read = readFirst(data)
      if (read._tag === "Ignored") return
      if (read._tag !== "Message") {
        const why = read._tag === "TooLarge" ? "it is too large" : read.why
        return finish(Effect.fail(failed(host, `answered call.start with something unreadable: ${why}`)))
      }
      if (read.message.type === "call.refuse") return finish(Effect.fail(refused(host, read.message.reason)))
      finish(Effect.succeed(accepted(socket, read.message, start.audio)))
    })
    const onClose = (code: number) =>
      finish(Effect.fail(failed(host, `closed the connection (code ${code}) before it took the call`)))
    socket.on("message", onMessage).on("close", onClose)
    if (socket.readyState === WebSocket.OPEN) sendJson(socket, start)
    else onClose(1006)
    return Effect.sync(() => socket.off("message", onMessage).off("close", onClose))
  }).pipe(
    Effect.timeoutOrElse({
      duration: limits.acceptMs,
      orElse: () =>
        new AgentUnreachable({
          reason: "handshake-timeout",
          message: `The agent at ${host} did not answer call.start within ${limits.acceptMs} ms with call.accept or call.refuse.`
        })
    }),
    Effect.tapError(({ reason }) =>
      reason === "refused-call" ? shut(socket, 1000, "refused", limits) : shut(socket, 1002, "no call.accept", limits)
    )
  )
}

const accepted = (socket: WebSocket, accept: typeof CallAccept.Type, proposed: AgentAudio): AcceptedCall => {
  const { agent = {}, audio = proposed } = accept
  return {
    socket,
    audio: { encoding: audio.encoding, sample_rate: audio.sample_rate },
    agent,
    held: hold(socket)
  }
}
