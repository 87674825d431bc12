import { randomUUID } from "node:crypto"
import { Deferred, Effect, type Scope } from "effect"
import { bytesForMs, silence } from "../../../Audio.ts"
import type { CallRecord } from "../../../simulator/CallRecord.ts"
import { type MediaEnd, runMedia } from "../../../simulator/MediaClient.ts"
import type { MediaDialect } from "../../../simulator/MediaDialect.ts"
import { now } from "./account.ts"
import { disconnectedBody, finalBody, reportFinal, reportProgress } from "./events.ts"
import {
  type Call,
  cancelled,
  complain,
  completedBy,
  type Final,
  type Leg,
  note,
  priceLater,
  type SocketLeg
} from "./leg.ts"
import type { Action, ConnectSocket } from "./ncco.ts"
import { contentType, format, frameMs, makeDialect } from "./stream.ts"
import { authorization, sendSynchronousEvent, type Sender } from "./webhooks.ts"

/** What sockets are opened with. */
export interface SocketStage extends Sender {
  readonly jitterMs: number
  readonly priceAfterMs: number
  /** Lives as long as the fake carrier: a socket may outlive the call that it was joined to. */
  readonly scope: Scope.Scope
}

type End = MediaEnd | { readonly _tag: "HungUp" } | { readonly _tag: "Unanswered" }

/** Seconds that a socket may take to open, and that it may last. */
const defaultTimeout = 60
const defaultLimit = 7200

/** A leg that nothing has happened to yet, in the call's conversation. */
const newSocketLeg = Effect.fnUntraced(function* (call: Call, action: ConnectSocket) {
  const [endpoint] = action.endpoint
  const [url] = action.eventUrl ?? []
  const leg: Leg = {
    uuid: randomUUID(),
    kind: "websocket",
    direction: "outbound",
    from: action.from ?? call.leg.from,
    to: endpoint.uri,
    headers: endpoint.headers ?? {},
    conversation: call.leg.conversation,
    status: "started",
    hook: url === undefined ? call.leg.hook : { url, method: action.eventMethod ?? "POST" },
    createdMs: yield* now,
    answeredMs: undefined,
    endedMs: undefined,
    isPriced: false
  }
  const socket: SocketLeg = {
    leg,
    hangUp: Deferred.makeUnsafe(),
    ended: Deferred.makeUnsafe(),
    isAttached: true,
    isOpen: false
  }
  call.sockets.push(socket)
  return socket
})

/**
 * Opens a media socket for a call. It lives on its own; `ended` of the leg tells what came of it. A socket at another rate
 * than 16 kHz, which the real carrier knows, is refused.
 */
export const openSocket = Effect.fnUntraced(function* (stage: SocketStage, call: Call, action: ConnectSocket) {
  const socket = yield* newSocketLeg(call, action)
  yield* Effect.forkIn(live(stage, call, socket, action), stage.scope, { startImmediately: true })
  return socket
})

const live = Effect.fnUntraced(function* (stage: SocketStage, call: Call, socket: SocketLeg, action: ConnectSocket) {
  const { leg } = socket
  yield* reportProgress(stage, call, leg, "started")
  const end = yield* run(stage, call, socket, action)
  if (socket.isOpen) yield* begin(stage, call, leg)
  leg.endedMs = yield* now
  const reply = yield* report(stage, call, socket, action, end)
  yield* priceLater(leg, stage.priceAfterMs, stage.scope)
  yield* Deferred.succeed(socket.ended, reply)
})

/** The socket is open: the leg is answered, once. */
const begin = Effect.fnUntraced(function* (stage: SocketStage, call: Call, leg: Leg) {
  if (leg.answeredMs !== undefined) return
  leg.answeredMs = yield* now
  leg.status = "answered"
  yield* reportProgress(stage, call, leg, "answered")
}, Effect.uninterruptible)

const run = Effect.fnUntraced(function* (stage: SocketStage, call: Call, socket: SocketLeg, action: ConnectSocket) {
  const { leg } = socket
  const [endpoint] = action.endpoint
  if (endpoint["content-type"] !== contentType) {
    const detail = `${endpoint["content-type"]} is not simulated`
    yield* complain(call, detail)
    return { _tag: "Refused", status: undefined, detail } satisfies End
  }
  const custom = endpoint.authorization?.type === "custom" ? endpoint.authorization.value : undefined
  const headers =
    custom === undefined ? authorization(stage, undefined, yield* now, "upgrade") : { Authorization: custom }
  const onStarted = Effect.andThen(
    Effect.suspend(() => Deferred.succeed(opened, undefined)),
    begin(stage, call, leg)
  )
  const spoken = makeDialect(leg.headers)
  const dialect: MediaDialect = {
    ...spoken,
    start: (options) => {
      socket.isOpen = true
      return spoken.start(options)
    }
  }
  const opened = Deferred.makeUnsafe<void>()
  const media: Effect.Effect<End> = runMedia({
    url: endpoint.uri,
    headers,
    dialect,
    record: heardBy(call, socket),
    panel: stage.panel,
    jitterMs: stage.jitterMs,
    onStarted
  })
  const unanswered: Effect.Effect<End> = Deferred.await(opened).pipe(
    Effect.andThen(Effect.never),
    Effect.timeoutOrElse({
      duration: (action.timeout ?? defaultTimeout) * 1000,
      orElse: (): Effect.Effect<End> => (socket.isOpen ? Effect.never : Effect.succeed({ _tag: "Unanswered" }))
    })
  )
  const limit = Effect.andThen(Deferred.await(opened), Effect.sleep((action.limit ?? defaultLimit) * 1000))
  const hungUp: Effect.Effect<End> = Effect.as(Effect.raceFirst(Deferred.await(socket.hangUp), limit), {
    _tag: "HungUp"
  })
  return yield* Effect.raceAllFirst([media, unanswered, hungUp])
})

/**
 * Tells how the leg ended. Failures to open are told of only when the connect is synchronous. `disconnected` is for a
 * socket that our side closed, or that broke; not for one that the carrier ended or cut.
 */
const report = Effect.fnUntraced(function* (
  stage: SocketStage,
  call: Call,
  { isAttached, isOpen, leg }: SocketLeg,
  action: ConnectSocket,
  end: End
) {
  const by = end._tag === "Closed" || end._tag === "Dropped" ? "user" : "platform"
  if (!isOpen && end._tag !== "HungUp") {
    const final: Final =
      end._tag === "Unanswered"
        ? { state: "no-answer", status: "unanswered", detail: "timeout", by }
        : { state: "failed", status: "failed", detail: "cannot_route", by }
    leg.status = final.status
    if (action.eventType !== "synchronous") return undefined
    const body = finalBody(leg, final, yield* now)
    return yield* sendSynchronousEvent(stage, call, leg.hook, `stream:${final.status}`, body)
  }
  if (!isOpen) {
    leg.status = cancelled.status
    yield* reportFinal(stage, call, leg, cancelled)
    return undefined
  }
  leg.status = "completed"
  let reply: ReadonlyArray<Action> | undefined
  if (by === "user") {
    const body = disconnectedBody(leg, yield* now)
    reply = yield* sendSynchronousEvent(stage, call, leg.hook, "stream:disconnected", body)
    if (reply !== undefined && !isAttached) yield* note(call, "an NCCO for a socket that was left behind: passed over")
  }
  yield* reportFinal(stage, call, leg, completedBy(by))
  return isAttached ? reply : undefined
})

/** The caller is moved away: the socket stays behind alone and hears silence, and the caller hears nothing more from it. */
export const leaveBehind = Effect.fnUntraced(function* (call: Call) {
  for (const socket of call.sockets) {
    if (!socket.isAttached || Deferred.isDoneUnsafe(socket.ended)) continue
    socket.isAttached = false
    const { stream } = call.record
    const stoppedMs = stream?.elapsedMs() ?? 0
    if (stream !== undefined) call.record.stream = { ...stream, elapsedMs: () => stoppedMs }
    yield* note(call, `the websocket leg ${socket.leg.uuid} was left behind`)
  }
})

const quiet = () => silence(format, bytesForMs(format, frameMs))

/** The call's record as one of its sockets sees it. */
const heardBy = (call: Call, socket: SocketLeg): CallRecord => {
  const { record } = call
  const isLatest = () => call.sockets.at(-1) === socket
  return {
    ...record,
    mouth: { ...record.mouth, next: () => (socket.isAttached ? record.mouth.next() : quiet()) },
    get digits() {
      return socket.isAttached ? record.digits : []
    },
    get media() {
      return record.media
    },
    set media(media) {
      if (isLatest()) record.media = media
    },
    get stream() {
      return record.stream
    },
    set stream(stream) {
      if (socket.isAttached) record.stream = stream
    }
  }
}
