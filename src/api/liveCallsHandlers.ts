import { Effect, Schema, Stream } from "effect"
import { Sse } from "effect/encoding"
import { HttpApiBuilder } from "effect/http-api"
import { LiveCalls, type LiveNews } from "../telephony/live/LiveCalls.ts"
import { Overview } from "../telephony/Overview.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { shownCall } from "./callView.ts"
import { LiveCallEvents, UpgradeNeeded } from "./liveCalls.ts"
import { eventStream } from "./liveEvents.ts"
import { databaseAway } from "./refused.ts"

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
    const overview = yield* Overview
    return handlers.handleAll({
      follow: Effect.fnUntraced(function* () {
        const { organizationId } = yield* Caller
        return eventStream(Stream.mapEffect(live.follow(organizationId), eventText))
      }),
      listen: () => Effect.fail(new UpgradeNeeded({ code: "upgrade_needed", detail: "Ask with Upgrade: websocket." })),
      overview: Effect.fnUntraced(
        function* ({ query: { minutes = 60 } }) {
          const { organizationId } = yield* Caller
          const found = yield* overview.of(organizationId, minutes)
          return {
            minutes,
            calls: found.minutes,
            answer_rate: found.answerRate ?? null,
            end_reasons: found.endReasons,
            concurrent: found.concurrent,
            media: {
              underruns: found.media.underruns,
              frames_dropped: found.media.framesDropped,
              event_loop_delay_p99_ms: found.media.eventLoopDelayP99
            },
            signature_failures: found.signatureFailures
          }
        },
        Effect.catchTag("SqlError", databaseAway)
      )
    })
  })
)
