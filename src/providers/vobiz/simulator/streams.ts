import { randomUUID } from "node:crypto"
import { Deferred, Effect, Queue } from "effect"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { type MediaEnd, runMedia } from "../../../simulator/MediaClient.ts"
import { now, timestamp } from "./account.ts"
import type { StreamElement } from "./elements.ts"
import { type Leg, type LiveStream, note } from "./leg.ts"
import type { Fields } from "./signing.ts"
import type { Stage } from "./stage.ts"
import { format, frameMs, makeDialect, type StreamNews } from "./stream.ts"
import { report } from "./webhooks.ts"

/** Between a socket's end and the next attempt when `maxRetries` allows one; not documented, ms. */
const reconnectMs = 200
/** How long a phantom stream stays when our side takes it, ms. */
const phantomMs = 1000
const upgradeHeaders = { "user-agent": "Vobiz" }
const lost = "connection disconnected with the remote service"

/** The stream was ended by the carrier or its REST API. */
interface Ended {
  readonly _tag: "Ended"
}

/** Runs `<Stream>` until our side stops it, or its socket is gone and no attempt is left. */
export const performStream = Effect.fnUntraced(function* (stage: Stage, leg: Leg, element: StreamElement) {
  for (let attempt = 0; attempt <= element.maxRetries; attempt++) {
    if (attempt > 0) yield* Effect.sleep(reconnectMs)
    const outcome = yield* Effect.scoped(performOnce(stage, leg, element))
    if (outcome._tag === "Stopped" || outcome._tag === "Ended") return
  }
})

const performOnce = Effect.fnUntraced(function* (stage: Stage, leg: Leg, element: StreamElement) {
  const live: LiveStream = {
    id: randomUUID(),
    url: element.url,
    keptAlive: element.keepCallAlive,
    end: Deferred.makeUnsafe()
  }
  leg.streams = [...leg.streams, live]
  const forget = Effect.sync(() => {
    leg.streams = leg.streams.filter((other) => other !== live)
  })
  const tell = (event: string, more: Fields = []) => reportStream(stage, leg, element, live, event, more)
  const pass = (one: StreamNews) => tell(one.event, one.event === "PlayedStream" ? [["Name", one.name]] : [])

  const news = yield* Queue.unbounded<StreamNews>()
  yield* Effect.addFinalizer(() => Effect.flatMap(Queue.clear(news), (left) => Effect.forEach(left, pass)))
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(news), pass)))
  const dialect = makeDialect({
    callId: leg.id,
    streamId: live.id,
    contentType: element.contentType,
    bidirectional: element.bidirectional,
    startedMs: yield* now,
    clearedAfterMs: stage.settings.clearedAfterMs,
    tell: (one) => Queue.offerUnsafe(news, one)
  })
  const { panel, settings } = stage
  const media = runMedia({
    url: element.url,
    headers: upgradeHeaders,
    dialect,
    record: leg.record,
    panel,
    jitterMs: settings.jitterMs,
    onStarted: tell("StartStream", [["ServiceURL", element.url]])
  })
  const ended: Ended = { _tag: "Ended" }
  const closing = Effect.timeoutOrElse(Effect.as(Deferred.await(live.end), ended), {
    duration: element.timeoutSeconds * 1000,
    orElse: () => Effect.succeed(ended)
  })
  const outcome: MediaEnd | Ended = yield* Effect.ensuring(Effect.raceFirst(media, closing), forget)
  if (outcome._tag === "Stopped") yield* tell("StopStream")
  else if (outcome._tag !== "Ended") yield* tell("DroppedStream", [["Error", lost]])
  return outcome
})

/** Stream status (Vobiz: stream events). None of them ends the call. `extraHeaders` arrive here and nowhere else. */
const reportStream = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  element: StreamElement,
  live: LiveStream,
  event: string,
  more: Fields
) {
  const hook = element.status
  if (hook === undefined) return
  yield* report(stage, leg, hook, `stream:${event}`, [
    ["CallUUID", leg.id],
    ["Event", event],
    ["From", leg.wire.from],
    ["ParentAuthID", stage.account.parentId],
    ["StreamID", live.id],
    ["Timestamp", timestamp(yield* now)],
    ["To", leg.wire.to],
    ["status_callback_method", hook.method],
    ["status_callback_url", hook.url],
    ...more,
    ...element.extraHeaders.map(([key, value]) => [`X-VH-${key}`, value] as const)
  ])
})

/** A stream that outlives its call: the socket of a call that is over is opened once more. The outcome is noted. */
export const haunt = Effect.fnUntraced(function* (stage: Stage, leg: Leg, stream: LiveStream) {
  const dialect = makeDialect({
    callId: leg.id,
    streamId: randomUUID(),
    contentType: "audio/x-mulaw;rate=8000",
    bidirectional: true,
    startedMs: yield* now,
    clearedAfterMs: stage.settings.clearedAfterMs,
    tell: () => {}
  })
  const media = runMedia({
    url: stream.url,
    headers: upgradeHeaders,
    dialect,
    record: makeCallRecord({ state: "completed", format, frameMs }),
    panel: makeFaultPanel(),
    jitterMs: stage.settings.jitterMs,
    onStarted: Effect.void
  })
  const outcome = yield* Effect.timeoutOption(media, phantomMs)
  const told =
    outcome._tag === "None"
      ? "was taken"
      : outcome.value._tag === "Refused"
        ? `was refused: ${outcome.value.detail}`
        : "was taken and closed"
  yield* note(leg, `phantom stream after the hang-up (no stop was sent) ${told}`)
})
