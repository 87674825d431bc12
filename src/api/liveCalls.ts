import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiError, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CallLevel } from "../telephony/CallCommands.ts"
import { EndOwner, EndReason } from "../telephony/EndReason.ts"
import { Authorization, access } from "./Authorization.ts"
import { CallMissing, CallView } from "./calls.ts"
import { Id, Time } from "./common.ts"

const LiveLevels = Schema.Struct({ levels: Schema.Array(CallLevel) })

const event = <const Name extends string, S extends Schema.Codec<unknown, unknown>>(name: Name, data: S) =>
  Schema.Struct({ event: Schema.Literal(name), data: Schema.fromJsonString(data) })

/** What is told to whoever watches the organization's calls. */
export const LiveCallEvents = Schema.Union([
  event("call", CallView),
  event("ready", Schema.Struct({})),
  event("levels", LiveLevels)
])

/** Nobody can listen in on the call here and now. */
export class ListeningNotPossible extends HttpApiError.Problem<ListeningNotPossible>()(
  "ListeningNotPossible",
  { type: "urn:switchboard:problem:listening-not-possible", status: 409, title: "Nobody can listen in now" },
  { code: Schema.Literals(["call_on_other_node", "call_has_no_media"]) }
) {}

/** The path is a WebSocket's. */
export class UpgradeNeeded extends HttpApiError.Problem<UpgradeNeeded>()(
  "UpgradeNeeded",
  { type: "urn:switchboard:problem:upgrade-needed", status: 426, title: "Connect with a WebSocket" },
  { code: Schema.Literal("upgrade_needed") }
) {}

const Count = Schema.Int

/** The last minutes at a glance. */
export const OverviewView = Schema.Struct({
  minutes: Count,
  calls: Schema.Array(
    Schema.Struct({ at: Time, inbound: Count, outbound: Count, answered: Count, ended: Count })
  ).annotate({ description: "One for each minute, the oldest first, with those in which nothing happened." }),
  answer_rate: Schema.NullOr(Schema.Finite).annotate({
    description:
      "0 to 1: of the calls that began in this time and were answered or ended, the part that was answered. Null: there are none."
  }),
  end_reasons: Schema.Array(Schema.Struct({ reason: EndReason, owner: EndOwner, count: Count })).annotate({
    description: "Of the calls that ended in this time, the most frequent first."
  }),
  concurrent: Schema.Struct({ now: Count, limit: Count }),
  media: Schema.Struct({
    underruns: Count,
    frames_dropped: Count,
    event_loop_delay_p99_ms: Schema.Finite
  }).annotate({ description: "Of the node that answers, all organizations together: counted since its start." }),
  signature_failures: Schema.Array(Schema.Struct({ provider: Schema.String, count: Count })).annotate({
    description: "Webhooks of this organization's configurations whose sender could not be proved."
  })
}).annotate({ identifier: "Overview" })

/** The organization's calls as they happen. */
export const LiveCallsGroup = HttpApiGroup.make("liveCalls")
  .add(
    HttpApiEndpoint.get("follow", "/calls/live", {
      success: HttpApiSchema.StreamSse({ events: LiveCallEvents })
    }).annotateMerge(
      access(
        "viewer",
        "Follow the organization's calls",
        "Server-sent events. `call`: a call that is live when the stream begins, and every call that begins or changes, on whatever node. `ready`: all calls that are live now were sent. `levels`: how loud both sides of the calls with media were in the last 250 ms, as an RMS in dBFS; null is silence. Each event has calls of one node. A comment every 15 s. Levels are measured only while somebody follows."
      )
    ),
    HttpApiEndpoint.get("listen", "/calls/:id/listen", {
      params: { id: Id },
      success: HttpApiSchema.NoContent,
      error: [CallMissing, ListeningNotPossible, UpgradeNeeded]
    }).annotateMerge(
      access(
        "operator",
        "Listen in on a call",
        'A WebSocket. First a text message `{"type":"format","encoding":"pcm_s16le","sample_rate":8000,"channels":2}`, then binary messages of 20 to 100 ms, the caller left, the agent right. Closed with 1000 when the call\'s media ends. Only on the node that holds the call: `code` says so. With the console\'s cookie `Origin` must be the service\'s. A listener that is too slow misses audio.'
      )
    ),
    HttpApiEndpoint.get("overview", "/overview", {
      query: {
        minutes: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1440 }))).annotate({
          description: "How far back, 1 to 1440. Default 60."
        })
      },
      success: OverviewView
    }).annotateMerge(access("viewer", "The last minutes at a glance"))
  )
  .middleware(Authorization)
  .prefix("/telephony")
  .annotateMerge(OpenApi.annotations({ title: "Live calls", description: "The calls of now." }))
