import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { Cause, Effect, Exit, type Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { type MediaSocket, TransportError } from "../Transport.ts"
import { WsMediaSocket } from "./wsMediaSocket.ts"

/** Bytes of one message. Carriers send a few hundred; over it the peer gets 1009. */
export const maxPayload = 64 * 1024
/** ms that a peer has to answer our close before it is cut off. */
const closeTimeout = 2000

/** The close code that tells the peer how our side of the socket ended (RFC 6455, section 7.4.1). */
export const closeCodeOf = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) ? 1000 : Cause.hasInterruptsOnly(exit.cause) ? 1001 : 1011

/** Closes with `code`, and cuts the connection if the peer does not answer in time. */
export const shut = (ws: WebSocket, code: number) =>
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
        : Effect.succeed({ ws: accepted, media: new WsMediaSocket(accepted, socket) })
    })
    const { media } = yield* Effect.acquireRelease(handshake, ({ ws }, exit) => shut(ws, closeCodeOf(exit)))
    return media
  })
  return { accept }
}
