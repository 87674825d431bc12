import { type Duration, Effect, Schema, Stream } from "effect"
import { Sse } from "effect/encoding"
import { HttpServerResponse } from "effect/http"
import type { CallEvent } from "../telephony/CallHistory.ts"
import { CallEventView } from "./calls.ts"

/** How often something is sent while nothing happens: proxies cut connections that are silent for 30 s or longer. */
const keepAliveEvery = "15 seconds"

/** A comment, which every reader of the format skips (WHATWG HTML, 9.2.6). */
const comment = ": keep-alive\n\n"

/** A proxy that collected the answer before it passed it on would hold the events back. */
const headers = { "cache-control": "no-store", "x-accel-buffering": "no" }

const encodeEvent = Schema.encodeEffect(Schema.fromJsonString(CallEventView))

const eventText = ({ occurredAt, ...event }: CallEvent) =>
  Effect.map(Effect.orDie(encodeEvent({ ...event, occurred_at: occurredAt })), (data) =>
    Sse.encoder.write({ _tag: "Event", id: String(event.sequence), event: "call.event", data })
  )

/**
 * Lines of server-sent events as an answer. Begins at once, so that the reader knows that it is connected, never stays silent for
 * long, and ends with the lines.
 */
export const eventStream = (lines: Stream.Stream<string>, every: Duration.Input = keepAliveEvery) => {
  const keepAlive = Stream.map(Stream.tick(every), () => comment)
  const all = Stream.merge(lines, keepAlive, { haltStrategy: "left" })
  return HttpServerResponse.stream(Stream.encodeText(all), { contentType: "text/event-stream", headers })
}

/** A call's events as server-sent ones, each with its sequence as its id. */
export const liveEvents = (events: Stream.Stream<CallEvent>, every: Duration.Input = keepAliveEvery) =>
  eventStream(Stream.mapEffect(events, eventText), every)
