import { Deferred, Effect, Queue } from "effect"
import { type MediaEnd, runMedia } from "../../../simulator/MediaClient.ts"
import { asWritten, microseconds, newId, now } from "./account.ts"
import { type AudioStream, complain, type Leg } from "./leg.ts"
import type { StreamElement } from "./markupStream.ts"
import type { Fields } from "./signing.ts"
import type { Stage } from "./stage.ts"
import { makeDialect } from "./stream.ts"
import { report, signatureHeaders } from "./webhooks.ts"

/** How often a connection that failed or broke is tried again. Counted over the life of the stream. */
const redials = 2
/** Between two tries, ms. How long the real one waits is not published. */
const redialMs = 100

type StreamEvent = "StartStream" | "StopStream" | "DroppedStream" | "PlayedStream" | "ClearedAudio"
type Ending = MediaEnd | { readonly _tag: "Stopped" }

/** Whether the peer ended the stream on purpose; with any other close code the connection counts as lost. */
const isRegular = (end: Ending) =>
  end._tag === "Stopped" || (end._tag === "Closed" && [1000, 1001, 1005].includes(end.code))

/** Whether a stream of the call is up: there may be only one. */
export const isStreaming = (leg: Leg) => leg.streams.some(({ endedMs }) => endedMs === undefined)

/** Registers a stream that is about to be opened. */
export const newStream = Effect.fnUntraced(function* (leg: Leg, element: StreamElement) {
  const stream: AudioStream = {
    id: newId(),
    serviceUrl: element.url,
    bidirectional: element.bidirectional,
    audioTrack: element.audioTrack,
    statusCallbackUrl: element.statusCallback?.url ?? "",
    startedMs: yield* now,
    endedMs: undefined,
    stop: Deferred.makeUnsafe()
  }
  leg.streams.push(stream)
  return stream
})

/** Stops every stream of the call; the sockets close. */
export const stopStreams = (leg: Leg) =>
  Effect.forEach(leg.streams, ({ stop }) => Deferred.succeed(stop, undefined), { discard: true })

/** A stream's status callback (Plivo: AudioStream, statusCallbackUrl). It has no `CallStatus`, and is not retried. */
const reportStream = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  element: StreamElement,
  stream: AudioStream,
  event: StreamEvent,
  extra: Fields = []
) {
  const hook = element.statusCallback
  if (hook === undefined) return
  const fields: Fields = [
    ["CallUUID", leg.id],
    ["Direction", leg.direction],
    ["Event", event],
    ["From", asWritten(leg.from)],
    ["ParentAuthID", stage.account.mainId],
    ["ServiceURL", stream.serviceUrl],
    ["StreamID", stream.id],
    ["Timestamp", microseconds(yield* now)],
    ["To", asWritten(leg.to)],
    ...extra
  ]
  yield* report(stage, leg, { subject: `stream:${event}`, hook, fields, retried: false })
})

/**
 * One audio stream, from the first try to its end, with its status callbacks. A connection that fails or breaks is opened
 * again on the same URL, with a `start` of its own and the same stream id; after two more tries the stream is dropped, and
 * the call goes on.
 */
export const performStream = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  element: StreamElement,
  stream: AudioStream
) {
  const { account, jitterMs, panel } = stage
  const events = yield* Queue.unbounded<readonly [StreamEvent, Fields]>()
  const reported = Effect.flatMap(Queue.take(events), ([event, fields]) =>
    reportStream(stage, leg, element, stream, event, fields)
  )
  yield* Effect.forkScoped(Effect.forever(reported))
  let started = false
  let dropped = false

  const connectOnce = Effect.fnUntraced(function* () {
    const dialect = makeDialect({
      accountId: account.mainId,
      callId: leg.id,
      streamId: stream.id,
      format: element.format,
      bidirectional: element.bidirectional,
      extraHeaders: element.extraHeaders,
      startedMs: yield* now,
      mediaBeforeStart: stage.mediaBeforeStart,
      onEvent: (event) => {
        if (event._tag === "Cleared") Queue.offerUnsafe(events, ["ClearedAudio", []])
        else Queue.offerUnsafe(events, ["PlayedStream", [["Name", event.name]]])
      }
    })
    // The upgrade is signed as a GET of the URL with http for ws and wss.
    const signedUrl = element.url.replace(/^wss?:/, "http:")
    const headers = signatureHeaders(stage, { method: "GET", url: signedUrl, fields: [] }, "upgrade")
    const onStarted = Effect.suspend(() => {
      if (started) return Effect.void
      started = true
      return reportStream(stage, leg, element, stream, "StartStream")
    })
    return yield* runMedia({ url: element.url, headers, dialect, record: leg.record, panel, jitterMs, onStarted })
  })

  const keepConnected = Effect.gen(function* () {
    for (let left = redials; ; left--) {
      const end: Ending = yield* connectOnce()
      if (isRegular(end)) return
      if (left === 0) {
        dropped = true
        return yield* complain(leg, "DroppedStream: connection disconnected with the remote service")
      }
      yield* Effect.sleep(redialMs)
    }
  })

  const finish = Effect.gen(function* () {
    stream.endedMs = yield* now
    for (const [event, fields] of yield* Queue.clear(events)) {
      yield* reportStream(stage, leg, element, stream, event, fields)
    }
    const duration = Math.round((stream.endedMs - stream.startedMs) / 1000)
    const error: Fields = [["Error", "connection disconnected with the remote service"]]
    if (dropped) yield* reportStream(stage, leg, element, stream, "DroppedStream", error)
    else if (started) yield* reportStream(stage, leg, element, stream, "StopStream", [["Duration", String(duration)]])
  })
  const whole = Effect.timeoutOrElse(keepConnected, {
    duration: element.timeoutSeconds * 1000,
    orElse: () => Effect.void
  })
  yield* Effect.ensuring(Effect.raceFirst(whole, Deferred.await(stream.stop)), finish)
}, Effect.scoped)
