import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { Effect, type Exit, FiberSet, Queue, type Scope } from "effect"
import { WebSocket } from "ws"
import type { MediaCall, Transport, TransportError } from "../../../src/Transport.ts"
import { openTransport, type TransportOptions } from "../../../src/transport/openTransport.ts"
import type { Pacer } from "../../../src/transport/pacer.ts"
import { acceptor } from "../../../src/transport/webSocket.ts"
import { serializer } from "./protocol.ts"
import { call } from "./rig.ts"

type Handler = (transport: Transport) => Effect.Effect<void, TransportError, Scope.Scope>

export interface LoopbackOptions extends Partial<TransportOptions> {
  readonly call?: MediaCall
  /** What runs in the call's scope. */
  readonly handler: Handler
}

/** A server on loopback that runs `handler` over a transport for every WebSocket, in a scope of its own. */
export const loopback = Effect.fnUntraced(function* ({ handler, ...options }: LoopbackOptions) {
  const { accept } = acceptor()
  const run = yield* FiberSet.makeRuntime<Pacer>()
  const exits = yield* Queue.unbounded<Exit.Exit<void, TransportError>>()
  const raw: Array<Duplex> = []
  const server = createServer()
  server.on("upgrade", (request, socket, head) => {
    raw.push(socket)
    const session = accept(request, socket, head).pipe(
      Effect.flatMap((media) =>
        openTransport(media, options.call ?? call, {
          serializer: serializer({ marks: true, digits: false }),
          ...options
        })
      ),
      Effect.flatMap(handler),
      Effect.scoped
    )
    run(Effect.onExit(session, (exit) => Queue.offer(exits, exit)))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )
  const { port } = portOf(server.address())
  return { url: `ws://127.0.0.1:${port}/`, port, raw, exits, server }
})

const portOf = (address: AddressInfo | string | null): { readonly port: number } =>
  address === null || typeof address === "string" ? { port: 0 } : address

export interface Peer {
  readonly ws: WebSocket
  readonly messages: Array<{ readonly data: Buffer; readonly binary: boolean }>
  /** The code and reason with which the connection ended. */
  readonly closed: Effect.Effect<readonly [number, string]>
}

/** The carrier's end of a media socket. Cut off with the scope. */
export const dial = Effect.fnUntraced(function* (url: string, options: { readonly autoPong?: boolean } = {}) {
  const messages: Peer["messages"] = []
  let closed: readonly [number, string] | undefined
  const ws = yield* Effect.acquireRelease(
    Effect.callback<WebSocket>((resume) => {
      const ws = new WebSocket(url, { perMessageDeflate: false, ...options })
      ws.on("message", (data, binary) => Buffer.isBuffer(data) && messages.push({ data, binary }))
      ws.on("error", () => {})
      ws.on("close", (code, reason) => {
        closed = [code, reason.toString()]
      })
      ws.once("open", () => resume(Effect.succeed(ws)))
    }),
    (ws) => Effect.sync(() => ws.terminate())
  )
  const ended = Effect.callback<readonly [number, string]>((resume) => {
    if (closed !== undefined) resume(Effect.succeed(closed))
    else ws.once("close", (code, reason) => resume(Effect.succeed([code, reason.toString()])))
  })
  return { ws, messages, closed: ended } satisfies Peer
})

/** Waits, over turns of the event loop, until the condition holds. The test's own timeout is the bound. */
export const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() =>
    condition()
      ? Effect.void
      : Effect.andThen(
          Effect.callback<void>((resume) => void setTimeout(() => resume(Effect.void), 1)),
          until(condition)
        )
  )
