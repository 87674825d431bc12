import type { IncomingMessage } from "node:http"
import { Effect } from "effect"
import { type WebSocket, WebSocketServer } from "ws"

/** One connection of the agent, for who wants to break something there. */
export interface Line {
  readonly socket: WebSocket
  readonly say: (message: unknown) => void
  /** How many connections there are now, this one included. */
  readonly connections: () => number
  /** The first message, once it has come. */
  readonly start: () => { readonly audio?: { readonly encoding?: string }; readonly resumed?: unknown }
}

/** How an agent departs from one that keeps every rule. */
export interface Breakage {
  readonly subprotocol?: string | false
  readonly autoPong?: boolean
  readonly allows?: (request: IncomingMessage) => boolean
  /** Instead of taking the call. */
  readonly onStart?: (line: Line) => void
  /** Right after it took the call. */
  readonly onTaken?: (line: Line) => void
  /** Instead of sending the caller's audio back. */
  readonly onAudio?: (line: Line, audio: Buffer) => void
  /** With any message but the first. */
  readonly onMessage?: (line: Line, message: Record<string, unknown>) => void
}

export const agentSecret = "the-secret-of-the-agent"

/** An agent that echoes and keeps every rule, but for what is broken; its URL. It is gone with the scope. */
export const agentThat = Effect.fnUntraced(function* (breakage: Breakage) {
  const allows = breakage.allows ?? (({ headers }) => headers.authorization === `Bearer ${agentSecret}`)
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        autoPong: breakage.autoPong ?? true,
        handleProtocols: () => breakage.subprotocol ?? "switchboard.v1",
        verifyClient: ({ req }: { readonly req: IncomingMessage }) => allows(req)
      })
      started.on("listening", () => resume(Effect.succeed(started)))
    }),
    (running) =>
      Effect.callback<void>((resume) => {
        for (const client of running.clients) client.terminate()
        running.close(() => resume(Effect.void))
      })
  )
  server.on("connection", (socket) => {
    let first: ReturnType<Line["start"]> = {}
    const line: Line = {
      socket,
      say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
      connections: () => server.clients.size,
      start: () => first
    }
    const begin = (message: ReturnType<Line["start"]>) => {
      first = message
      if (breakage.onStart !== undefined) return breakage.onStart(line)
      line.say({ type: "call.accept", agent: { name: "broken", version: "0" } })
      breakage.onTaken?.(line)
    }
    socket.on("error", () => {})
    socket.on("message", (data, binary) => {
      if (!Buffer.isBuffer(data)) return
      if (binary) return breakage.onAudio === undefined ? socket.send(data) : breakage.onAudio(line, data)
      const message = JSON.parse(data.toString())
      if (message.type === "call.start") begin(message)
      else breakage.onMessage?.(line, message)
    })
  })
  const address = server.address()
  return `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/calls`
})
