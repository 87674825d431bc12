import { createServer, type IncomingMessage } from "node:http"
import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"

/** A webhook as it arrived: raw target, headers, body. */
export interface Arrived {
  readonly method: string
  readonly target: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
  readonly fields: Readonly<Record<string, string>>
}

export interface Reply {
  readonly status?: number
  readonly type?: string
  readonly body?: string
  readonly delayMs?: number
}

/** A server that stands where ours would: answers webhooks as told, and takes media sockets. */
export interface Service {
  readonly url: string
  readonly arrived: Array<Arrived>
  readonly upgrades: Array<{ readonly target: string; readonly headers: IncomingMessage["headers"] }>
  /** Text messages of the media sockets, parsed. */
  readonly messages: Array<unknown>
  readonly sockets: Array<WebSocket>
  answer: (request: Arrived) => Reply
  /** The HTTP status that refuses an upgrade; undefined accepts. */
  refuse: (target: string) => number | undefined
  onMessage: (socket: WebSocket, text: string) => void
}

export const xml = (body: string): Reply => ({ type: "text/xml", body: `<Response>${body}</Response>` })

/** Markup that joins the call to the service's media socket. */
export const connectStream = (service: Service, extra = "", path = "/media/one") =>
  xml(`<Connect><Stream url="${service.url.replace("http", "ws")}${path}" ${extra}/></Connect><Hangup/>`)

export const service: Effect.Effect<Service, never, Scope.Scope> = Effect.gen(function* () {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const http = createServer()
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void http.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets.clients) socket.terminate()
        http.close(() => resume(Effect.void))
        http.closeAllConnections()
      })
  )
  const address = http.address()
  const port = address === null || typeof address === "string" ? 0 : address.port
  const self: Service = {
    url: `http://127.0.0.1:${port}`,
    arrived: [],
    upgrades: [],
    messages: [],
    sockets: [],
    answer: () => xml("<Hangup/>"),
    refuse: () => undefined,
    onMessage: () => {}
  }
  http.on("request", (incoming, outgoing) => {
    const chunks: Array<Uint8Array> = []
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk))
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8")
      const { method = "", url: target = "", headers } = incoming
      const fields = Object.fromEntries(new URLSearchParams(method === "GET" ? target.split("?")[1] : body))
      const request = { method, target, headers, body, fields }
      self.arrived.push(request)
      const reply = target.startsWith("/status") ? { status: 204 } : self.answer(request)
      const send = () => {
        outgoing.writeHead(reply.status ?? 200, reply.type === undefined ? {} : { "Content-Type": reply.type })
        outgoing.end(reply.body ?? "")
      }
      if (reply.delayMs === undefined) send()
      else setTimeout(send, reply.delayMs)
    })
  })
  http.on("upgrade", (incoming, socket, head) => {
    const target = incoming.url ?? ""
    self.upgrades.push({ target, headers: incoming.headers })
    const status = self.refuse(target)
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(incoming, socket, head, (accepted) => {
      self.sockets.push(accepted)
      accepted.on("error", () => accepted.terminate())
      accepted.on("message", (data, binary) => {
        const text = Buffer.isBuffer(data) ? data.toString("utf8") : ""
        if (!binary && text.startsWith('{"event":"')) {
          if (text.endsWith("}") && !text.includes("unheard")) self.messages.push(JSON.parse(text))
        }
        self.onMessage(accepted, text)
      })
    })
  })
  return self
})

/** An agent that says what it hears, frame by frame. */
export const echo = (socket: WebSocket, text: string) => {
  const found = /"media":\{.*"payload":"([^"]+)"/.exec(text)
  const streamSid = /"streamSid":"([^"]+)"\}$/.exec(text)?.[1]
  if (found === null) return
  socket.send(JSON.stringify({ event: "media", streamSid, media: { payload: found[1] } }))
}

export const arrived = (of: Service, index: number): Arrived => {
  const found = of.arrived.at(index)
  return found ?? assert.fail(`there is no request number ${index}`)
}
