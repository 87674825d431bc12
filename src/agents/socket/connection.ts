import type { ClientRequest, IncomingMessage } from "node:http"
import { Effect } from "effect"
import { WebSocket } from "ws"
import { pinnedLookup } from "../../network/hostGuard.ts"
import type { GuardedAddress } from "../AgentEnvironment.ts"
import { AgentUnreachable } from "../AgentSpec.ts"
import type { SocketLimits } from "./limits.ts"

/** Sends a text message, unless the connection is closing already. */
export const sendText = (socket: WebSocket, message: string): void => {
  if (socket.readyState === WebSocket.OPEN) socket.send(message)
}

/** Sends a JSON message as text, unless the connection is closing already. */
export const sendJson = (socket: WebSocket, message: object): void => sendText(socket, JSON.stringify(message))

/** Closes the connection in good order; cuts it when the other side does not take part. Safe to call again. */
export const shut = (socket: WebSocket, code: number, reason: string, limits: SocketLimits): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (socket.readyState === WebSocket.CLOSED) return resume(Effect.void)
    const closed = () => resume(Effect.void)
    socket.once("close", closed)
    if (socket.isPaused) socket.resume()
    socket.close(code, reason)
    return Effect.sync(() => socket.off("close", closed))
  }).pipe(Effect.timeoutOrElse({ duration: limits.closeMs, orElse: () => Effect.sync(() => socket.terminate()) }))

const explain = (host: string, protocol: string, error: Error): AgentUnreachable => {
  const status = /^Unexpected server response: (\d+)$/.exec(error.message)?.[1]
  if (status !== undefined) {
    const hint =
      status === "401" || status === "403"
        ? "Check the secret on both sides."
        : status.startsWith("3")
          ? "Redirects are not followed: enter the final address."
          : "Check the path of the URL."
    return new AgentUnreachable({
      reason: "handshake-failed",
      message: `The agent at ${host} answered HTTP ${status} instead of opening a WebSocket. ${hint}`
    })
  }
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined
  return code === undefined || code.startsWith("WS_")
    ? new AgentUnreachable({
        reason: "handshake-failed",
        message: `The agent at ${host} does not speak ${protocol}: ${error.message}.`
      })
    : new AgentUnreachable({
        reason: "connect-failed",
        message: `The agent at ${host} cannot be reached (${code}). Check that it runs and that the URL is right.`
      })
}

/** What a WebSocket to an agent is opened with. */
export interface Opening {
  /** What people call the protocol, for the message when the other side does not speak it. */
  readonly protocol: string
  readonly subprotocols: Array<string>
  readonly headers: Readonly<Record<string, string>>
  /** Reads nothing once it is open, so that whoever listens later misses nothing: see `hold`. False unless given. */
  readonly paused?: boolean
  /** The message for people when the other side answers with HTTP instead; `body` is the beginning of its answer. */
  readonly explain?: (status: number, body: string) => string
}

/** Bytes of an HTTP answer that are read to learn why there is no WebSocket. */
const maxAnswerBytes = 4 * 1024

/** Reads the beginning of an answer that is no upgrade, then gives up the connection. */
const readRefusal = (request: ClientRequest, response: IncomingMessage, done: (body: string) => void) => {
  const parts: Array<Buffer> = []
  let size = 0
  const finish = () => {
    response.off("data", take).off("close", finish)
    request.destroy()
    done(Buffer.concat(parts).subarray(0, maxAnswerBytes).toString("utf8"))
  }
  const take = (part: Buffer) => {
    parts.push(part)
    size += part.length
    if (size >= maxAnswerBytes) finish()
  }
  response
    .on("error", () => {})
    .on("data", take)
    .on("close", finish)
}

/**
 * Opens the WebSocket to an agent for as long as the scope is open. It connects to the guarded addresses only, follows no
 * redirect, and takes longer than `connectMs` under no circumstances.
 */
export const open = Effect.fnUntraced(function* (
  target: GuardedAddress,
  { explain: explainAnswer, headers, paused = false, protocol, subprotocols }: Opening,
  limits: SocketLimits
) {
  const host = target.url.host
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() =>
      new WebSocket(target.url, subprotocols, {
        headers,
        lookup: pinnedLookup(target.addresses),
        perMessageDeflate: false,
        followRedirects: false,
        maxPayload: limits.maxMessageBytes
      }).on("error", () => {})
    ),
    (opened) => shut(opened, 1001, "Switchboard is going away", limits)
  )
  yield* Effect.callback<void, AgentUnreachable>((resume) => {
    const opened = () => {
      if (paused) socket.pause()
      resume(Effect.void)
    }
    const failed = (error: Error) => resume(Effect.fail(explain(host, protocol, error)))
    socket.once("open", opened).once("error", failed)
    if (explainAnswer !== undefined) {
      socket.once("unexpected-response", (request, response) => {
        const fail = (body: string) => {
          const message = explainAnswer(response.statusCode ?? 0, body)
          resume(Effect.fail(new AgentUnreachable({ reason: "handshake-failed", message })))
        }
        readRefusal(request, response, fail)
      })
    }
    return Effect.sync(() => socket.off("open", opened).off("error", failed))
  }).pipe(
    Effect.timeoutOrElse({
      duration: limits.connectMs,
      orElse: () =>
        new AgentUnreachable({
          reason: "connect-failed",
          message: `The agent at ${host} did not answer within ${limits.connectMs} ms.`
        })
    })
  )
  return socket
})
