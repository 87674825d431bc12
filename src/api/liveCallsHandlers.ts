import { Effect, Schema, Stream } from "effect"
import { Sse } from "effect/encoding"
import { HttpApiBuilder } from "effect/http-api"
import { LiveCalls, type LiveNews } from "../telephony/live/LiveCalls.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { shownCall } from "./callView.ts"
import { LiveCallEvents } from "./liveCalls.ts"
import { eventStream } from "./liveEvents.ts"

const encode = Schema.encodeEffect(LiveCallEvents)

const eventOf = (news: LiveNews): typeof LiveCallEvents.Type => {
  if (news._tag === "Call") return { event: "call", data: shownCall(news.call) }
  return news._tag === "Ready" ? { event: "ready", data: {} } : { event: "levels", data: { levels: news.levels } }
}

const eventText = (news: LiveNews) =>
  Effect.map(Effect.orDie(encode(eventOf(news))), ({ data, event }) =>
    Sse.encoder.write({ _tag: "Event", id: undefined, event, data })
  )

export const liveCallsHandlers = HttpApiBuilder.group(
  Api,
  "liveCalls",
  Effect.fnUntraced(function* (handlers) {
    const live = yield* LiveCalls
    return handlers.handleAll({
      follow: Effect.fnUntraced(function* () {
        const { organizationId } = yield* Caller
        return eventStream(Stream.mapEffect(live.follow(organizationId), eventText))
      })
    })
  })
)
