import { createHash } from "node:crypto"
import { createServer, type IncomingMessage } from "node:http"
import { assert } from "@effect/vitest"
import { Effect, Scope } from "effect"
import { WebSocket, WebSocketServer } from "ws"
import type { AsteriskOptions, FakeAsterisk } from "../../../../src/providers/ari/simulator/options.ts"
import { simulator } from "../../../../src/providers/ari/simulator.ts"

/** An event as it came, or a field of one. */
export interface Received {
  readonly [field: string]: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Received
}

/** One media socket of ours: what came over it. */
export interface Media {
  readonly socket: WebSocket
  readonly target: string
  readonly headers: IncomingMessage["headers"]
  readonly texts: Array<string>
  readonly audio: Array<Uint8Array>
  closed: number | undefined
}

/** A small gateway of the test's own: REST requests, an events socket, and a place where media sockets arrive. */
export interface Gateway {
  readonly asterisk: FakeAsterisk
  readonly application: string
  readonly mediaUrl: string
  readonly events: Array<Received>
  readonly media: Array<Media>
  /** The HTTP status that refuses a media upgrade; undefined accepts. */
  refuse: (target: string) => number | undefined
  /** What is done with a binary message. */
  onAudio: (media: Media, audio: Uint8Array) => void
  readonly rest: (
    method: string,
    path: string,
    query?: Readonly<Record<string, string>>,
    body?: unknown
  ) => Effect.Effect<Answer>
  /** Opens an events socket; what it gets goes to `into`, which is `events` unless given. */
  readonly connect: (options?: ConnectOptions) => Effect.Effect<EventsSocket>
  /** Waits for the event number `nth` (0) of a type, about a channel if one is named. */
  readonly event: (type: string, channelId?: string, nth?: number) => Effect.Effect<Received>
}

export interface ConnectOptions {
  readonly query?: string
  readonly into?: Array<Received>
  readonly auth?: string | undefined
  readonly protocols?: ReadonlyArray<string>
}

export interface EventsSocket {
  readonly socket: WebSocket
  /** 101, or the status of the refusal. */
  readonly status: number
  readonly body: string
  closed: number | undefined
}

export const credential = ({ credentials }: FakeAsterisk, name: string) => {
  const value = credentials[name]
  return typeof value === "string" ? value : assert.fail(`the fake has no ${name}`)
}

/** Waits for something that has no event of its own. */
export const eventually = <A>(look: () => A | undefined): Effect.Effect<A> =>
  Effect.callback<A>((resume) => {
    let timer: ReturnType<typeof setInterval> | undefined
    const check = () => {
      const found = look()
      if (found === undefined) return
      clearInterval(timer)
      resume(Effect.succeed(found))
    }
    timer = setInterval(check, 5)
    check()
    return Effect.sync(() => clearInterval(timer))
  })

const parse = (text: string): Received => {
  const value: unknown = JSON.parse(text)
  return typeof value === "object" && value !== null ? { ...value } : {}
}

/** `channel.id` and the like of an event. */
export const at = (received: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null ? Object.entries(value).find(([k]) => k === key)?.[1] : undefined,
      received
    )

export const takeMedia = (media: Media, onAudio: (media: Media, audio: Uint8Array) => void) => {
  media.socket.on("message", (data, binary) => {
    if (!Buffer.isBuffer(data)) return
    if (binary) {
      media.audio.push(data)
      onAudio(media, data)
    } else media.texts.push(data.toString("utf8"))
  })
  media.socket.on("close", (code) => {
    media.closed = code
  })
  media.socket.on("error", () => media.socket.terminate())
}

const listen = Effect.fnUntraced(function* (self: Pick<Gateway, "media" | "refuse" | "onAudio">) {
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
  http.on("upgrade", (incoming, socket, head) => {
    const target = incoming.url ?? ""
    const status = self.refuse(target)
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    if (target.endsWith("/extended")) {
      const key = `${incoming.headers["sec-websocket-key"] ?? ""}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
      const lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`,
        "Sec-WebSocket-Protocol: media",
        "Sec-WebSocket-Extensions: permessage-deflate"
      ]
      socket.on("error", () => socket.destroy())
      socket.resume()
      socket.end(`${lines.join("\r\n")}\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(incoming, socket, head, (accepted) => {
      const { headers } = incoming
      const media: Media = { socket: accepted, target, headers, texts: [], audio: [], closed: undefined }
      self.media.push(media)
      takeMedia(media, (one, audio) => self.onAudio(one, audio))
    })
  })
  const address = http.address()
  return address === null || typeof address === "string" ? 0 : address.port
})

export const gateway = Effect.fnUntraced(function* (
  options: AsteriskOptions = {},
  /** Where the fake lives, when it is to end before our side does. */
  scope?: Scope.Scope
): Effect.fn.Return<Gateway, never, Scope.Scope> {
  const started = Effect.orDie(simulator.start(options))
  const asterisk = yield* scope === undefined ? started : Scope.provide(started, scope)
  const base = asterisk.baseUrl
  const user = `${credential(asterisk, "app_name")}:${credential(asterisk, "app_password")}`
  const application = credential(asterisk, "stasis_app_name")
  const events: Array<Received> = []
  const parts: Pick<Gateway, "media" | "refuse" | "onAudio"> = { media: [], refuse: () => undefined, onAudio: () => {} }
  const mediaUrl = `ws://127.0.0.1:${yield* listen(parts)}/telephony/ws`
  yield* asterisk.setMediaUrl(mediaUrl)

  const rest: Gateway["rest"] = (method, path, query = {}, body) =>
    Effect.promise(async (signal) => {
      const search = new URLSearchParams(query).toString()
      const response = await fetch(`${base}/ari/${path}${search === "" ? "" : `?${search}`}`, {
        method,
        signal,
        headers: {
          Authorization: `Basic ${Buffer.from(user).toString("base64")}`,
          ...(body === undefined ? {} : { "Content-Type": "application/json" })
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, body: text.startsWith("{") ? parse(text) : {} }
    })

  const connect: Gateway["connect"] = (how = {}) => {
    const { auth = user, into = events, protocols = [], query = `app=${application}&subscribeAll=true` } = how
    const target = `${base.replace("http", "ws")}/ari/events${query === "" ? "" : `?${query}`}`
    return Effect.callback<EventsSocket>((resume) => {
      const socket = new WebSocket(target, [...protocols], { auth, perMessageDeflate: false })
      const opened: EventsSocket = { socket, status: 101, body: "", closed: undefined }
      socket.on("message", (data) => {
        if (Buffer.isBuffer(data)) into.push(parse(data.toString("utf8")))
      })
      socket.on("open", () => resume(Effect.succeed(opened)))
      socket.on("close", (code) => {
        opened.closed = code
      })
      socket.on("unexpected-response", (_request, response) => {
        const chunks: Array<Uint8Array> = []
        response.on("data", (chunk: Uint8Array) => chunks.push(chunk))
        response.on("end", () =>
          resume(
            Effect.succeed({
              ...opened,
              status: response.statusCode ?? 0,
              body: Buffer.concat(chunks).toString("utf8")
            })
          )
        )
      })
      socket.on("error", () => socket.terminate())
    })
  }

  return Object.assign(parts, {
    asterisk,
    application,
    mediaUrl,
    events,
    rest,
    connect,
    event: (type: string, channelId?: string, nth = 0) =>
      eventually(
        () =>
          events.filter(
            (event) =>
              event["type"] === type &&
              (channelId === undefined || at(event, "channel.id") === channelId || at(event, "peer.id") === channelId)
          )[nth]
      )
  })
})

/** Types of the events about a channel, in the order of coming, `Dial` with its status and state changes with the state. */
export const storyOf = (events: ReadonlyArray<Received>, channelId: string) =>
  events.flatMap((event) => {
    if (at(event, "channel.id") !== channelId && at(event, "peer.id") !== channelId) return []
    const type = String(event["type"])
    if (type === "Dial") return [`Dial ${String(event["dialstatus"])}`.trim()]
    return [type === "ChannelStateChange" ? `State ${String(at(event, "channel.state"))}` : type]
  })

/** Answers a call and joins it with a media channel in a bridge, as a gateway does; gives the media socket. */
export const join = Effect.fnUntraced(function* (
  ours: Gateway,
  callerId: string,
  transportData = "f(json)v(call=one,token=t1)"
) {
  const mediaId = `gw-media-${callerId}`
  const bridgeId = `gw-bridge-${callerId}`
  yield* ours.rest("POST", `channels/${callerId}/answer`)
  const made = yield* ours.rest("POST", "channels/externalMedia", {
    app: ours.application,
    channelId: mediaId,
    external_host: "gateway_media",
    transport: "websocket",
    encapsulation: "none",
    connection_type: "client",
    format: credential(ours.asterisk, "media_format"),
    direction: "both",
    data: `media,${callerId}`,
    transport_data: transportData
  })
  yield* ours.event("StasisStart", mediaId)
  yield* ours.rest("POST", `bridges/${bridgeId}`, { type: "mixing" })
  const added = yield* ours.rest("POST", `bridges/${bridgeId}/addChannel`, { channel: `${callerId},${mediaId}` })
  yield* ours.event("ChannelEnteredBridge", callerId)
  yield* ours.event("ChannelEnteredBridge", mediaId)
  const media = ours.media.at(-1) ?? assert.fail("no media socket was opened")
  return { mediaId, bridgeId, media, made, added }
})
