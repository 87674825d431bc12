import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { Cause, Effect, Exit, type Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { type Frame, type MediaSocket, TransportError } from "../Transport.ts"
import { messageWriter } from "./messageWriter.ts"

/** Bytes of one message. Carriers send a few hundred; over it the peer gets 1009. */
const maxPayload = 64 * 1024
/** Messages kept for a listener that is not there yet. */
const maxEarly = 256
/** ms that a peer has to answer our close before it is cut off. */
const closeTimeout = 2000

/** The close code that tells the peer how our side of the socket ended (RFC 6455, section 7.4.1). */
export const closeCodeOf = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) ? 1000 : Cause.hasInterruptsOnly(exit.cause) ? 1001 : 1011

/** What ws says about a message that it refused: its error carries the code with which it closes. */
const refusals: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_INVALID_UTF8: 1007
}

const refusalOf = (error: Error): number | undefined => {
  const code = "code" in error && typeof error.code === "string" ? error.code : ""
  return code.startsWith("WS_ERR_") ? (refusals[code] ?? 1002) : undefined
}

/** Whether a close frame may carry this code (RFC 6455, section 7.4). */
const isSendable = (code: number) =>
  (code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006)) || (code >= 3000 && code <= 4999)

/** Cuts a close reason to the 123 bytes that a close frame has room for. */
const fitting = (reason: string) =>
  Buffer.from(reason)
    .subarray(0, 120)
    .toString()
    .replace(/\ufffd$/, "")

type Listener = Parameters<MediaSocket["listen"]>[0]

/** A `ws` WebSocket over `stream`, open already, as a media socket. It must be the only user of both. */
const mediaSocket = (ws: WebSocket, stream: Duplex): MediaSocket => {
  let listener: Listener | undefined
  let early: Array<Frame> = []
  let alive: (() => void) | undefined
  let closed: readonly [code: number, reason: string] | undefined

  const finish = (code: number, reason: string) => {
    if (closed !== undefined) return
    closed = [code, reason]
    listener?.close(code, reason)
  }
  ws.on("message", (data, binary) => {
    if (!(data instanceof Uint8Array) || closed !== undefined) return
    if (listener !== undefined) listener.frame({ data, binary })
    else if (early.length < maxEarly) early.push({ data, binary })
    else ws.close(1008, "too much before the handshake")
  })
  ws.on("close", (code, reason) => finish(code, reason.toString()))
  ws.on("error", (error) => {
    const code = refusalOf(error)
    if (code !== undefined) finish(code, error.message)
  })
  ws.on("pong", () => alive?.())

  return {
    send: messageWriter(ws, stream),
    bufferedAmount: () => ws.bufferedAmount,
    isOpen: () => ws.readyState === ws.OPEN,
    listen: (on) => {
      listener = on
      const kept = early
      early = []
      for (const frame of kept) on.frame(frame)
      if (closed !== undefined) on.close(...closed)
    },
    ping: (onPong) => {
      if (ws.readyState !== ws.OPEN) return
      alive = onPong
      ws.ping()
    },
    close: (code, reason) => {
      if (ws.readyState === ws.OPEN) ws.close(isSendable(code) ? code : 1000, fitting(reason))
    },
    terminate: () => ws.terminate()
  }
}

/** Closes with `code`, and cuts the connection if the peer does not answer in time. */
const shut = (ws: WebSocket, code: number) =>
  Effect.callback<void>((resume) => {
    if (ws.readyState === ws.CLOSED) return resume(Effect.void)
    ws.once("close", () => resume(Effect.void)).close(code)
  }).pipe(
    Effect.timeoutOrElse({ duration: closeTimeout, orElse: () => Effect.sync(() => ws.terminate()) }),
    Effect.andThen(
      Effect.sync(() => ws.removeAllListeners("message").removeAllListeners("pong").removeAllListeners("close"))
    )
  )

/** Takes upgrade requests over and makes media sockets of them. */
export interface Acceptor {
  /**
   * Completes the WebSocket handshake of an upgrade request. The socket lives in the Scope: it is closed with 1000, 1001
   * (interrupted) or 1011 (failed), and cut off after 2 s. Fails where the request is no WebSocket handshake; ws has
   * answered it then. Until this runs, the caller must keep an `error` listener on the raw socket.
   */
  readonly accept: (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer
  ) => Effect.Effect<MediaSocket, TransportError, Scope.Scope>
}

/** An acceptor without compression (carriers ask for none, and it costs a context per call) and a bound on messages. */
export const acceptor = (): Acceptor => {
  const options = { noServer: true, perMessageDeflate: false, maxPayload, clientTracking: false, closeTimeout }
  const server = new WebSocketServer(options)
  const accept = Effect.fnUntraced(function* (request: IncomingMessage, socket: Duplex, head: Buffer) {
    const handshake = Effect.suspend(() => {
      let accepted: WebSocket | undefined
      server.handleUpgrade(request, socket, head, (ws) => {
        accepted = ws
      })
      return accepted === undefined
        ? new TransportError({
            reason: "closed",
            message: "The upgrade request is no WebSocket handshake.",
            code: 1002
          })
        : Effect.succeed({ ws: accepted, media: mediaSocket(accepted, socket) })
    })
    const { media } = yield* Effect.acquireRelease(handshake, ({ ws }, exit) => shut(ws, closeCodeOf(exit)))
    return media
  })
  return { accept }
}
