import type { IncomingMessage } from "node:http"
import { Deferred, Effect, FiberSet, Queue, Result } from "effect"
import type { RealtimeError, RealtimeServerEvent } from "openai/resources/realtime/realtime"
import { type WebSocket, WebSocketServer } from "ws"
import { type AudioFormat, msOf } from "../../../src/Audio.ts"
import { decodeClientEvent, type ReadClientEvent, type Session } from "./clientSchema.ts"

type Sent<Type extends ReadClientEvent["type"]> = Extract<ReadClientEvent, { readonly type: Type }>
/** A server event without the id that the server gives it. */
type Unnumbered<Event> = Event extends unknown ? Omit<Event, "event_id"> : never

/** One connection to the API, from the API's side. */
export interface Visit {
  readonly socket: WebSocket
  readonly headers: IncomingMessage["headers"]
  readonly path: string
  /** The next event of the client but for audio. */
  readonly next: Effect.Effect<ReadClientEvent>
  /** The next event of a type; others before it are skipped. */
  readonly nextOf: <Type extends ReadClientEvent["type"]>(type: Type) => Effect.Effect<Sent<Type>>
  /** How many events wait to be taken by `next`. */
  readonly waiting: () => number
  /** All audio of the client so far, decoded. */
  readonly heard: () => Buffer
  /** The session as it was set last. */
  readonly session: () => Session
  readonly emit: (event: Unnumbered<RealtimeServerEvent>) => Effect.Effect<void>
  /** Sends something that need not be an event. */
  readonly raw: (message: string | Uint8Array) => Effect.Effect<void>
  /** The client has read everything that was sent so far. */
  readonly understood: Effect.Effect<void>
  readonly closed: Effect.Effect<{ readonly code: number; readonly reason: string }>
}

export interface ServerOptions {
  /** The HTTP answer that refuses every upgrade. */
  readonly refuseWith?: { readonly status: number; readonly body?: string }
  /** The API says nothing of itself: neither that there is a session, nor that its settings are taken. */
  readonly isSilent?: boolean
  /** Refuses settings. */
  readonly judge?: (session: Session) => RealtimeError | undefined
  readonly autoPong?: boolean
  /** What it takes `interrupt_response` for, whatever was asked. */
  readonly interruptResponse?: boolean
}

/** Audio that a session speaks, in bytes. */
export const formatOf = (session: Session): AudioFormat => {
  const type = session.audio?.output?.format?.type ?? "audio/pcm"
  return type === "audio/pcm"
    ? { encoding: "pcm_s16le", sampleRate: 24000 }
    : { encoding: type === "audio/pcmu" ? "mulaw" : "alaw", sampleRate: 8000 }
}

const merged = (before: Session, update: Session): Session => ({
  ...before,
  ...update,
  audio: {
    input: { ...before.audio?.input, ...update.audio?.input },
    output: { ...before.audio?.output, ...update.audio?.output }
  }
})

/**
 * The server's side of the published protocol, as far as a phone call needs it. It refuses what is no client event as
 * published: with an `error`, and by closing with 4400.
 */
const visitOf = Effect.fnUntraced(function* (socket: WebSocket, request: IncomingMessage, options: ServerOptions) {
  const events = yield* Queue.unbounded<Result.Result<ReadClientEvent, unknown>>()
  const end = yield* Deferred.make<{ readonly code: number; readonly reason: string }>()
  const audio: Array<Buffer> = []
  /** Audio of each item that was sent, ms. */
  const items = new Map<string, number>()
  let session: Session = { type: "realtime" }
  let active: string | undefined
  let serial = 0

  const send = (event: Unnumbered<RealtimeServerEvent>) => {
    if (event.type === "response.created") active = event.response.id
    if (event.type === "response.done") active = undefined
    if (event.type === "response.output_audio.delta") {
      const ms = msOf(formatOf(session), Buffer.from(event.delta, "base64").length)
      items.set(event.item_id, (items.get(event.item_id) ?? 0) + ms)
    }
    socket.send(JSON.stringify({ ...event, event_id: `event_${serial++}` }))
  }
  const complain = (error: Partial<RealtimeError>, cause?: string) =>
    send({
      type: "error",
      error: { type: "invalid_request_error", message: "no", param: null, ...error, event_id: cause ?? null }
    })

  const update = (wanted: Sent<"session.update">) => {
    const refused = options.judge?.(wanted.session)
    if (refused !== undefined) return complain(refused, wanted.event_id)
    session = merged(session, wanted.session)
    const { audio: settings } = session
    const turns = settings?.input?.turn_detection
    const told: Session =
      options.interruptResponse === undefined || turns === undefined || turns === null
        ? session
        : {
            ...session,
            audio: {
              ...settings,
              input: {
                ...settings?.input,
                turn_detection: { ...turns, interrupt_response: options.interruptResponse }
              }
            }
          }
    send({ type: "session.updated", session: told })
  }
  const truncate = ({ audio_end_ms, content_index, event_id, item_id }: Sent<"conversation.item.truncate">) => {
    const length = items.get(item_id)
    if (length === undefined) return complain({ message: `Item ${item_id} is not there.` }, event_id)
    if (length < audio_end_ms) {
      const message = `Audio content of ${length}ms is already shorter than ${audio_end_ms}ms`
      return complain({ message }, event_id)
    }
    send({ type: "conversation.item.truncated", item_id, content_index, audio_end_ms })
  }
  const act = (event: ReadClientEvent) => {
    switch (event.type) {
      case "session.update":
        return options.isSilent === true ? undefined : update(event)
      case "input_audio_buffer.append":
        return void audio.push(Buffer.from(event.audio, "base64"))
      case "conversation.item.create":
        send({ type: "conversation.item.added", item: event.item, previous_item_id: null })
        return send({ type: "conversation.item.done", item: event.item, previous_item_id: null })
      case "conversation.item.truncate":
        return truncate(event)
      case "response.create":
        return active === undefined
          ? undefined
          : complain(
              {
                code: "conversation_already_has_active_response",
                message: `Conversation already has an active response in progress: ${active}.`
              },
              event.event_id
            )
      case "response.cancel":
        return active === undefined
          ? complain({ code: "response_cancel_not_active", message: "Nothing to cancel." }, event.event_id)
          : send({ type: "response.done", response: { id: active, status: "cancelled" } })
    }
  }

  socket.on("message", (data, binary) => {
    if (!Buffer.isBuffer(data)) return
    const read = decodeClientEvent(binary ? "a binary message" : data.toString())
    if (Result.isFailure(read)) {
      Queue.offerUnsafe(events, read)
      complain({ message: `Not an event: ${String(read.failure)}` })
      return socket.close(4400, "no client event")
    }
    act(read.success)
    if (read.success.type !== "input_audio_buffer.append") Queue.offerUnsafe(events, read)
  })
  socket.on("close", (code, reason) => Deferred.doneUnsafe(end, Effect.succeed({ code, reason: reason.toString() })))
  socket.on("error", () => {})
  if (options.isSilent !== true) send({ type: "session.created", session })

  const next = Effect.orDie(Effect.flatMap(Queue.take(events), Effect.fromResult))
  const isOf =
    <Type extends ReadClientEvent["type"]>(type: Type) =>
    (event: ReadClientEvent): event is Sent<Type> =>
      event.type === type
  const nextOf = <Type extends ReadClientEvent["type"]>(type: Type): Effect.Effect<Sent<Type>> =>
    Effect.flatMap(next, (event) => (isOf(type)(event) ? Effect.succeed(event) : nextOf(type)))
  const visit: Visit = {
    socket,
    headers: request.headers,
    path: request.url ?? "",
    next,
    nextOf,
    waiting: () => Queue.sizeUnsafe(events),
    heard: () => Buffer.concat(audio),
    session: () => session,
    emit: (event) => Effect.sync(() => send(event)),
    raw: (message) => Effect.sync(() => socket.send(message)),
    understood: Effect.callback<void>((resume) => {
      socket.once("pong", () => resume(Effect.void)).ping()
    }),
    closed: Deferred.await(end)
  }
  return visit
})

/** The API on a free port of this machine; every connection becomes a visit. */
export const realtimeServer = Effect.fnUntraced(function* (options: ServerOptions = {}) {
  const visits = yield* Queue.unbounded<Visit>()
  const fork = yield* FiberSet.makeRuntime<never, unknown, never>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        autoPong: options.autoPong ?? true,
        perMessageDeflate: false,
        verifyClient: (_info, answer) => {
          const refused = options.refuseWith
          if (refused === undefined) answer(true)
          else answer(false, refused.status, refused.body ?? "no", { Location: "ws://127.0.0.1:1/" })
        }
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
    fork(Effect.flatMap(visitOf(socket, request, options), (visit) => Queue.offer(visits, visit)))
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `ws://127.0.0.1:${port}/v1/realtime`, visits, connections: () => server.clients.size }
})
export type RealtimeServer = Effect.Success<ReturnType<typeof realtimeServer>>
