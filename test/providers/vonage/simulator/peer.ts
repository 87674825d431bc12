import { createServer, type IncomingMessage } from "node:http"
import { createHash, createSign, randomUUID } from "node:crypto"
import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import type { FakeCarrier } from "../../../../src/simulator/SimulatorModule.ts"

/** A webhook as it arrived. `said` is its JSON body, or its query. */
export interface Arrived {
  readonly method: string
  readonly target: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
  readonly said: Readonly<Record<string, unknown>>
}

export interface Reply {
  readonly status?: number
  readonly type?: string
  readonly body?: string
  readonly delayMs?: number
  /** Cut the connection instead. */
  readonly cut?: boolean
}

/** One media socket, from our side. */
export interface Line {
  readonly socket: WebSocket
  readonly target: string
  readonly headers: IncomingMessage["headers"]
  readonly texts: Array<Readonly<Record<string, unknown>>>
  readonly frames: Array<Uint8Array>
  closed: number | undefined
}

/** A server that stands where ours would: answers webhooks as told and takes media sockets. */
export interface Peer {
  readonly url: string
  readonly mediaUrl: string
  readonly arrived: Array<Arrived>
  readonly lines: Array<Line>
  answer: (request: Arrived) => Reply
  refuse: (target: string) => number | undefined
  onFrame: (line: Line, frame: Uint8Array) => void
  onText: (line: Line, text: string) => void
}

const record = (json: string): Readonly<Record<string, unknown>> => {
  const value: Readonly<Record<string, unknown>> = JSON.parse(json)
  return value
}

export const ncco = (...actions: ReadonlyArray<object>): Reply => ({
  type: "application/json",
  body: JSON.stringify(actions)
})

/** The NCCO that joins a call to the peer's media socket. */
export const connect = (peer: Peer, more: object = {}, endpoint: object = {}) => ({
  action: "connect",
  eventType: "synchronous",
  eventUrl: [`${peer.url}/events/socket`],
  endpoint: [
    {
      type: "websocket",
      uri: `${peer.mediaUrl}/media/one`,
      "content-type": "audio/l16;rate=16000",
      headers: { run: "42" },
      ...endpoint
    }
  ],
  ...more
})

export const peer: Effect.Effect<Peer, never, Scope.Scope> = Effect.gen(function* () {
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
  const self: Peer = {
    url: `http://127.0.0.1:${port}`,
    mediaUrl: `ws://127.0.0.1:${port}`,
    arrived: [],
    lines: [],
    answer: ({ target }) => (target.startsWith("/events") ? { status: 204 } : ncco()),
    refuse: () => undefined,
    onFrame: () => {},
    onText: () => {}
  }
  http.on("request", (incoming, outgoing) => {
    const chunks: Array<Uint8Array> = []
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk))
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8")
      const { method = "", url: target = "", headers } = incoming
      const said = method === "GET" ? Object.fromEntries(new URLSearchParams(target.split("?")[1])) : record(body)
      const request = { method, target, headers, body, said }
      self.arrived.push(request)
      const reply = self.answer(request)
      if (reply.cut === true) return incoming.socket.destroy()
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
    const status = self.refuse(target)
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(incoming, socket, head, (accepted) => {
      const { headers } = incoming
      const line: Line = { socket: accepted, target, headers, texts: [], frames: [], closed: undefined }
      self.lines.push(line)
      accepted.on("error", () => accepted.terminate())
      accepted.on("close", (code) => {
        line.closed = code
      })
      accepted.on("message", (data, binary) => {
        if (!Buffer.isBuffer(data)) return
        if (binary) {
          line.frames.push(data)
          self.onFrame(line, data)
          return
        }
        const text = data.toString("utf8")
        if (text.startsWith('{"event":"websocket')) line.texts.push(record(text))
        self.onText(line, text)
      })
    })
  })
  return self
})

/** A field of the fake's credentials. */
export const credential = (carrier: FakeCarrier, name: string) => {
  const value = carrier.credentials[name]
  return typeof value === "string" ? value : assert.fail(`the fake has no ${name}`)
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A token for the Voice API, with claims and key as told. */
export const token = (carrier: FakeCarrier, claims: object = {}, key = credential(carrier, "private_key")) => {
  const iat = Math.floor(Date.now() / 1000)
  const said = {
    application_id: credential(carrier, "application_id"),
    iat,
    exp: iat + 300,
    jti: randomUUID(),
    ...claims
  }
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part(said)}`
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key).toString("base64url")}`
}

export const basic = (carrier: FakeCarrier, secret = credential(carrier, "api_secret")) =>
  `Basic ${Buffer.from(`${credential(carrier, "api_key")}:${secret}`).toString("base64")}`

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

/** A request to the fake's APIs: by token on `/v1`, by key and secret elsewhere, unless told otherwise. */
export const rest = (
  carrier: FakeCarrier,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  sent?: { readonly json?: object; readonly form?: Record<string, string>; readonly authorization?: string }
): Effect.Effect<Answer> =>
  Effect.promise(async (signal) => {
    const proof = path.startsWith("/v1/") ? `Bearer ${token(carrier)}` : basic(carrier)
    const body = sent?.form === undefined ? sent?.json && JSON.stringify(sent.json) : new URLSearchParams(sent.form)
    const response = await fetch(carrier.baseUrl + path, {
      method,
      signal,
      headers: {
        Authorization: sent?.authorization ?? proof,
        ...(sent?.json === undefined ? {} : { "Content-Type": "application/json" })
      },
      ...(body === undefined ? {} : { body })
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: text.startsWith("{") ? record(text) : {} }
  })

/** Waits for something of our side, on the real clock. */
export const eventually = (condition: () => boolean): Effect.Effect<void> =>
  Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 5))).pipe(
    Effect.andThen(Effect.sync(condition)),
    Effect.repeat({ until: (holds) => holds }),
    Effect.asVoid
  )

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

/** Speech at 16 kHz in which no run of samples comes twice. */
export const speech = (ms: number) => Uint8Array.from({ length: ms * 32 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0xff)
export const wide = { encoding: "pcm_s16le", sampleRate: 16_000 } as const

/** The events that arrived about one leg or all: their status, or what they are instead. */
export const statuses = ({ arrived }: Peer, uuid?: string) =>
  arrived
    .filter(({ said, target }) => target.startsWith("/events") && (uuid === undefined || said["uuid"] === uuid))
    .map(({ said }) => String(said["status"] ?? said["type"] ?? said["reason"]))

/** A uuid as an inbound leg has it on the wire. */
export const bareUuid = (id: string) => id.replaceAll("-", "")
