import type { IncomingMessage } from "node:http"
import { Deferred, Effect, FiberSet, Queue, type Result, Schema } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { ToAgent } from "../../../src/agents/websocket/messages.ts"
import { wrongFromSwitchboard } from "./committedSchema.ts"

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(ToAgent))

/** A test's own agent, seen from its side of one connection. */
export interface Visit {
  readonly socket: WebSocket
  readonly headers: IncomingMessage["headers"]
  readonly path: string
  /** The next text message. One that the protocol does not have fails the test. */
  readonly next: Effect.Effect<ToAgent>
  /** The next message of a type; others before it are skipped. */
  readonly nextOf: <Type extends ToAgent["type"]>(type: Type) => Effect.Effect<Extract<ToAgent, { type: Type }>>
  readonly say: (message: unknown) => Effect.Effect<void>
  readonly speak: (audio: Uint8Array) => Effect.Effect<void>
  /** Switchboard has read everything that was sent so far. */
  readonly understood: Effect.Effect<void>
  /** All binary audio so far. */
  readonly heard: () => Buffer
  readonly closed: Effect.Effect<{ readonly code: number; readonly reason: string }>
}

export interface AgentServer {
  readonly url: string
  readonly visits: Queue.Dequeue<Visit>
  readonly connections: () => number
  /** Every text message that Switchboard sent so far, over all connections. */
  readonly sent: () => ReadonlyArray<unknown>
}

export interface ServerOptions {
  readonly subprotocol?: string | false
  readonly autoPong?: boolean
  /** The HTTP status that refuses every upgrade. */
  readonly refuseWith?: number
}

const isOf =
  <Type extends ToAgent["type"]>(type: Type) =>
  (message: ToAgent): message is Extract<ToAgent, { type: Type }> =>
    message.type === type

const visitOf = Effect.fnUntraced(function* (
  socket: WebSocket,
  request: IncomingMessage,
  note: (text: string) => void
) {
  const messages = yield* Queue.unbounded<Result.Result<ToAgent, Schema.SchemaError>>()
  const end = yield* Deferred.make<{ readonly code: number; readonly reason: string }>()
  const audio: Array<Buffer> = []
  socket.on("message", (data, binary) => {
    if (!Buffer.isBuffer(data)) return
    if (binary) return void audio.push(data)
    note(data.toString())
    Queue.offerUnsafe(messages, decode(data.toString()))
  })
  socket.on("close", (code, reason) => Deferred.doneUnsafe(end, Effect.succeed({ code, reason: reason.toString() })))
  socket.on("error", () => {})
  const next = Effect.orDie(Effect.flatMap(Queue.take(messages), Effect.fromResult))
  const nextOf = <Type extends ToAgent["type"]>(type: Type): Effect.Effect<Extract<ToAgent, { type: Type }>> =>
    Effect.flatMap(next, (message) => (isOf(type)(message) ? Effect.succeed(message) : nextOf(type)))
  const visit: Visit = {
    socket,
    headers: request.headers,
    path: request.url ?? "",
    next,
    nextOf,
    say: (message) => Effect.sync(() => socket.send(typeof message === "string" ? message : JSON.stringify(message))),
    speak: (bytes) => Effect.sync(() => socket.send(bytes)),
    understood: Effect.callback<void>((resume) => {
      socket.once("pong", () => resume(Effect.void)).ping()
    }),
    heard: () => Buffer.concat(audio),
    closed: Deferred.await(end)
  }
  return visit
})

/** Keeps what Switchboard really sends, and fails the test at its end where that is not as the committed JSON Schema says. */
const keeping = Effect.gen(function* () {
  const sent: Array<unknown> = []
  const wrong: Array<string> = []
  yield* Effect.addFinalizer(() =>
    wrong.length === 0 ? Effect.void : Effect.die(new Error(`Not as docs/agent-protocol.schema.json: ${wrong[0]}`))
  )
  const note = (text: string) => {
    const message: unknown = JSON.parse(text)
    const why = wrongFromSwitchboard(message)
    if (why !== undefined) wrong.push(`${text.slice(0, 300)}: ${why}`)
    sent.push(message)
  }
  return { note, sent: () => sent }
})

/**
 * A WebSocket server on a free port of this machine; every connection of Switchboard becomes a visit. Whatever Switchboard sends is
 * held against the committed JSON Schema.
 */
export const agentServer = Effect.fnUntraced(function* (options: ServerOptions = {}) {
  const visits = yield* Queue.unbounded<Visit>()
  const { note, sent } = yield* keeping
  const fork = yield* FiberSet.makeRuntime<never, unknown, never>()
  const subprotocol = options.subprotocol ?? "switchboard.v1"
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        autoPong: options.autoPong ?? true,
        perMessageDeflate: false,
        handleProtocols: () => subprotocol,
        verifyClient: (_info, answer) =>
          options.refuseWith === undefined
            ? answer(true)
            : answer(false, options.refuseWith, "no", { Location: "ws://127.0.0.1:1/" })
      })
      started.on("listening", () => resume(Effect.succeed(started)))
    }),
    (running) =>
      Effect.callback<void>((resume) => {
        for (const client of running.clients) client.terminate()
        running.close(() => resume(Effect.void))
      })
  )
  server.on("connection", (socket, request) => {
    fork(Effect.flatMap(visitOf(socket, request, note), (visit) => Queue.offer(visits, visit)))
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `ws://127.0.0.1:${port}/calls`,
    visits,
    sent,
    connections: () => server.clients.size
  } satisfies AgentServer
})
