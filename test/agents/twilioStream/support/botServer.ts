import type { IncomingMessage } from "node:http"
import { Deferred, Effect, FiberSet, Queue, Result, Schema } from "effect"
import { type WebSocket, WebSocketServer } from "ws"

/** The messages of a media stream as Twilio's documents show them, and nothing beside that. */
const Sid = (prefix: string) => Schema.String.check(Schema.isPattern(new RegExp(`^${prefix}[0-9a-f]{32}$`)))
const Count = Schema.String.check(Schema.isPattern(/^(0|[1-9]\d*)$/))
const numbered = { sequenceNumber: Count, streamSid: Sid("MZ") }

const Connected = Schema.Struct({
  event: Schema.Literal("connected"),
  protocol: Schema.Literal("Call"),
  version: Schema.Literal("1.0.0")
})
const Start = Schema.Struct({
  event: Schema.Literal("start"),
  ...numbered,
  start: Schema.Struct({
    accountSid: Sid("AC"),
    callSid: Sid("CA"),
    streamSid: Sid("MZ"),
    tracks: Schema.Tuple([Schema.Literal("inbound")]),
    mediaFormat: Schema.Struct({
      encoding: Schema.Literal("audio/x-mulaw"),
      sampleRate: Schema.Literal(8000),
      channels: Schema.Literal(1)
    }),
    customParameters: Schema.Record(Schema.String, Schema.String)
  })
})
const Media = Schema.Struct({
  event: Schema.Literal("media"),
  ...numbered,
  media: Schema.Struct({
    track: Schema.Literal("inbound"),
    chunk: Count,
    timestamp: Count,
    payload: Schema.String.check(Schema.isMinLength(216), Schema.isMaxLength(216))
  })
})
const Mark = Schema.Struct({
  event: Schema.Literal("mark"),
  ...numbered,
  mark: Schema.Struct({ name: Schema.String })
})
const Dtmf = Schema.Struct({
  event: Schema.Literal("dtmf"),
  ...numbered,
  dtmf: Schema.Struct({ track: Schema.Literal("inbound_track"), digit: Schema.String })
})
const Stop = Schema.Struct({
  event: Schema.Literal("stop"),
  ...numbered,
  stop: Schema.Struct({ accountSid: Sid("AC"), callSid: Sid("CA") })
})

export const FromTwilio = Schema.Union([Connected, Start, Media, Mark, Dtmf, Stop])
export type FromTwilio = typeof FromTwilio.Type
type Of<Event extends FromTwilio["event"]> = Extract<FromTwilio, { event: Event }>

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(FromTwilio), { onExcessProperty: "error" })

/** One stream to a test's own bot, seen from the bot's side. */
export interface Stream {
  readonly socket: WebSocket
  readonly headers: IncomingMessage["headers"]
  /** The request's target, as it stands on the request line. */
  readonly target: string
  /** The next message of an event; others before it are skipped. One that the protocol does not have fails the test. */
  readonly next: <Event extends FromTwilio["event"]>(event: Event) => Effect.Effect<Of<Event>>
  /** All messages so far. */
  readonly messages: () => ReadonlyArray<FromTwilio>
  /** All of the caller's audio so far. */
  readonly heard: () => Buffer
  readonly say: (message: unknown) => Effect.Effect<void>
  /** Switchboard has read everything that was sent so far. */
  readonly understood: Effect.Effect<void>
  readonly closed: Effect.Effect<{ readonly code: number; readonly reason: string }>
}

const isOf =
  <Event extends FromTwilio["event"]>(event: Event) =>
  (message: FromTwilio): message is Of<Event> =>
    message.event === event

const streamOf = Effect.fnUntraced(function* (socket: WebSocket, request: IncomingMessage) {
  const queue = yield* Queue.unbounded<Result.Result<FromTwilio, unknown>>()
  const end = yield* Deferred.make<{ readonly code: number; readonly reason: string }>()
  const messages: Array<FromTwilio> = []
  socket.on("message", (data, binary) => {
    const message: Result.Result<FromTwilio, unknown> =
      binary || !Buffer.isBuffer(data) ? Result.fail("Twilio sends text only") : decode(data.toString())
    if (Result.isSuccess(message)) messages.push(message.success)
    Queue.offerUnsafe(queue, message)
  })
  socket.on("close", (code, reason) => Deferred.doneUnsafe(end, Effect.succeed({ code, reason: reason.toString() })))
  socket.on("error", () => {})
  const next = <Event extends FromTwilio["event"]>(event: Event): Effect.Effect<Of<Event>> =>
    Queue.take(queue).pipe(
      Effect.flatMap(Effect.fromResult),
      Effect.orDie,
      Effect.flatMap((message) => (isOf(event)(message) ? Effect.succeed(message) : next(event)))
    )
  const stream: Stream = {
    socket,
    headers: request.headers,
    target: request.url ?? "",
    next,
    messages: () => messages,
    heard: () =>
      Buffer.concat(
        messages.flatMap((message) => (message.event === "media" ? [Buffer.from(message.media.payload, "base64")] : []))
      ),
    say: (message) => Effect.sync(() => socket.send(typeof message === "string" ? message : JSON.stringify(message))),
    understood: Effect.callback<void>((resume) => {
      socket.once("pong", () => resume(Effect.void)).ping()
    }),
    closed: Deferred.await(end)
  }
  return stream
})

export interface BotServer {
  readonly url: string
  readonly streams: Queue.Dequeue<Stream>
  readonly connections: () => number
}

export interface BotServerOptions {
  /** What is done with each new connection before anything else. */
  readonly greet?: (socket: WebSocket, request: IncomingMessage) => void
  readonly autoPong?: boolean
  /** The HTTP status that refuses every upgrade. */
  readonly refuseWith?: number
  readonly path?: string
}

/** A WebSocket server on a free port of this machine, as a bot behind Twilio has one. */
export const botServer = Effect.fnUntraced(function* (options: BotServerOptions = {}) {
  const streams = yield* Queue.unbounded<Stream>()
  const fork = yield* FiberSet.makeRuntime<never, unknown, never>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        autoPong: options.autoPong ?? true,
        perMessageDeflate: false,
        verifyClient: (_info, answer) =>
          options.refuseWith === undefined ? answer(true) : answer(false, options.refuseWith, "no")
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
    options.greet?.(socket, request)
    fork(Effect.flatMap(streamOf(socket, request), (stream) => Queue.offer(streams, stream)))
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `ws://127.0.0.1:${port}${options.path ?? "/media-stream"}`,
    streams,
    connections: () => server.clients.size
  } satisfies BotServer
})
