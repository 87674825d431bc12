import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { Effect, FiberSet, Option, Schema } from "effect"
import type { FaultPanel } from "./Faults.ts"

/**
 * A request to the fake carrier's REST API. `fields` are the decoded form fields in the order of the body, or the texts, numbers
 * and booleans of a JSON body by their paths (`answer_url.0`).
 */
export interface RestRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly contentType: string
  readonly body: string
  readonly fields: ReadonlyArray<readonly [string, string]>
}

export interface RestReply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** A line of the log: what was asked and what was answered; `status` is undefined while, or because, nothing was. */
export interface RestExchange {
  readonly method: string
  readonly path: string
  readonly query: ReadonlyArray<readonly [string, string]>
  readonly fields: ReadonlyArray<readonly [string, string]>
  readonly status: number | undefined
}

/** The fake carrier could not start. */
export class SimulatorFailed extends Schema.TaggedError<SimulatorFailed>()("SimulatorFailed", {
  message: Schema.String
}) {}

const maxBodyBytes = 1024 * 1024

const readBody = (incoming: IncomingMessage) =>
  Effect.callback<string>((resume) => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    incoming.on("data", (chunk: Uint8Array) => {
      size += chunk.length
      if (size > maxBodyBytes) incoming.destroy()
      else chunks.push(chunk)
    })
    incoming.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
  })

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))

const leaves = (value: Schema.Json, path: string): ReadonlyArray<readonly [string, string]> => {
  if (value === null) return []
  if (typeof value !== "object") return [[path, String(value)]]
  return Object.entries(value).flatMap(([key, part]) => leaves(part, path === "" ? key : `${path}.${key}`))
}

const fieldsOf = (contentType: string, body: string) => {
  if (contentType.startsWith("application/x-www-form-urlencoded")) return Array.from(new URLSearchParams(body))
  if (!contentType.startsWith("application/json")) return []
  return Option.match(decodeJson(body), { onNone: () => [], onSome: (json) => leaves(json, "") })
}

const read = Effect.fnUntraced(function* (incoming: IncomingMessage) {
  const target = incoming.url ?? "/"
  const mark = target.indexOf("?")
  const body = yield* readBody(incoming)
  const contentType = incoming.headers["content-type"] ?? ""
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = typeof value === "string" ? value : value?.join(", ")
  }
  const request: RestRequest = {
    method: incoming.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    headers,
    contentType,
    body,
    fields: fieldsOf(contentType, body)
  }
  return request
})

/**
 * Serves a REST API on a loopback port of its own for as long as the scope is open, and applies the REST faults.
 * `throttled` and `broken` are how this carrier words a 429 and a 500; a `throttled` that is a function also says in its own
 * headers when to come back. `act` must not fail.
 */
export const serveRest = Effect.fnUntraced(function* (options: {
  readonly act: (request: RestRequest) => Effect.Effect<RestReply>
  readonly throttled: RestReply | ((retryAfterSeconds: number) => RestReply)
  readonly broken: RestReply
  readonly panel: FaultPanel
  /** 0: a free one. */
  readonly port: number
  /** Takes WebSocket upgrades on the same port; without it they are answered like any other request. */
  readonly upgrade?: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void
}) {
  const { act, panel } = options
  const log: Array<{ -readonly [Key in keyof RestExchange]: RestExchange[Key] }> = []

  const decide = Effect.fnUntraced(function* (request: RestRequest) {
    const subject = `${request.method} ${request.path}`
    if (panel.strike("rest-dead", subject) !== undefined) return yield* Effect.never
    const throttled = panel.strike("rest-throttled", subject)
    if (throttled !== undefined) {
      const seconds = throttled.retryAfterSeconds ?? 1
      if (typeof options.throttled === "function") return options.throttled(seconds)
      return { ...options.throttled, headers: { "Retry-After": String(seconds) } }
    }
    if (panel.strike("rest-broken", subject) !== undefined) return options.broken
    const reply = yield* act(request)
    if (panel.strike("rest-silent", subject) !== undefined) return yield* Effect.never
    const slow = panel.strike("rest-slow", subject)
    if (slow !== undefined) yield* Effect.sleep(slow.delayMs ?? 1000)
    return reply
  })

  const respond = Effect.fnUntraced(function* (incoming: IncomingMessage, outgoing: ServerResponse) {
    const request = yield* read(incoming)
    const { fields, method, path } = request
    const entry: (typeof log)[number] = { method, path, query: Array.from(request.query), fields, status: undefined }
    log.push(entry)
    const reply = yield* decide(request)
    entry.status = reply.status
    outgoing.writeHead(reply.status, { "Content-Type": "application/json;charset=utf-8", ...reply.headers })
    outgoing.end(reply.body)
  })

  const run = yield* FiberSet.makeRuntime<never, void, never>()
  // Upgraded connections are no longer the HTTP server's to close.
  const upgraded = new Set<Duplex>()
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer((incoming, outgoing) => run(respond(incoming, outgoing)))),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
        for (const socket of upgraded) socket.destroy()
      })
  )
  const { upgrade } = options
  if (upgrade !== undefined) {
    server.on("upgrade", (incoming, socket, head) => {
      upgraded.add(socket)
      socket.on("close", () => upgraded.delete(socket))
      socket.on("error", () => socket.destroy())
      upgrade(incoming, socket, head)
    })
  }
  const port = yield* Effect.callback<number, SimulatorFailed>((resume) => {
    server.once("error", ({ message }) =>
      resume(new SimulatorFailed({ message: `The fake carrier cannot listen: ${message}. Give it another port.` }))
    )
    server.listen(options.port, "127.0.0.1", () => {
      const address = server.address()
      resume(
        address === null || typeof address === "string"
          ? Effect.fail(new SimulatorFailed({ message: "The fake carrier got no port." }))
          : Effect.succeed(address.port)
      )
    })
  })
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    forget: Effect.sync(() => void log.splice(0)),
    exchanges: Effect.sync((): ReadonlyArray<RestExchange> => log.map((line) => ({ ...line })))
  }
})
