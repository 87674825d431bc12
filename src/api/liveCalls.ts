import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CallLevel } from "../telephony/CallCommands.ts"
import { Authorization, access } from "./Authorization.ts"
import { CallView } from "./calls.ts"

const LiveLevels = Schema.Struct({ levels: Schema.Array(CallLevel) })

const event = <const Name extends string, S extends Schema.Codec<unknown, unknown>>(name: Name, data: S) =>
  Schema.Struct({ event: Schema.Literal(name), data: Schema.fromJsonString(data) })

/** What is told to whoever watches the organization's calls. */
export const LiveCallEvents = Schema.Union([
  event("call", CallView),
  event("ready", Schema.Struct({})),
  event("levels", LiveLevels)
])

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
    )
  )
  .middleware(Authorization)
  .prefix("/telephony")
  .annotateMerge(OpenApi.annotations({ title: "Live calls", description: "The calls of now." }))
