import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiError, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, access } from "./Authorization.ts"
import { CallMissing } from "./calls.ts"
import { Id, Time } from "./common.ts"
import { ValidationFailed } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

/** The recording, or its audio, cannot be had. */
export class RecordingMissing extends HttpApiError.Problem<RecordingMissing>()(
  "RecordingMissing",
  { type: "urn:switchboard:problem:recording-not-found", status: 404, title: "The recording cannot be had" },
  {
    code: Schema.Literals(["recording_not_found", "recording_deleted", "recording_elsewhere", "recording_lost"])
  }
) {}

/** The recording cannot be changed in this way now. */
export class RecordingNotPossible extends HttpApiError.Problem<RecordingNotPossible>()(
  "RecordingNotPossible",
  { type: "urn:switchboard:problem:recording-not-possible", status: 409, title: "This cannot be done now" },
  { code: Schema.Literals(["call_over", "call_not_connected", "recording_refused", "still_recording"]) }
) {}

/** The request asks for a part of the file that it does not have. */
export class RangeNotSatisfiable extends HttpApiError.Problem<RangeNotSatisfiable>()(
  "RangeNotSatisfiable",
  { type: "urn:switchboard:problem:range-not-satisfiable", status: 416, title: "The file does not have this part" },
  { code: Schema.Literal("range_not_satisfiable") }
) {}

/** The node, or its disk, cannot answer now. */
export class RecordingUnavailable extends HttpApiError.Problem<RecordingUnavailable>()(
  "RecordingUnavailable",
  { type: "urn:switchboard:problem:recording-unavailable", status: 503, title: "The recording cannot be reached now" },
  { code: Schema.Literals(["disk_unavailable", "node_unanswered"]) }
) {}

const Milliseconds = Schema.Int

/** A recording. */
export const RecordingView = Schema.Struct({
  id: Schema.String,
  call_id: Schema.String,
  state: Schema.Literals(["recording", "paused", "ready", "failed", "deleted"]),
  sample_rate: Schema.Int.annotate({ description: "Hz. Two channels, the caller left, the agent right; 16 bit." }),
  started_at: Time,
  ended_at: Schema.NullOr(Time),
  duration_ms: Schema.NullOr(Milliseconds).annotate({ description: "Null until it is over, as is `bytes`." }),
  bytes: Schema.NullOr(Schema.Int),
  paused: Schema.Array(Schema.Struct({ from_ms: Milliseconds, to_ms: Schema.NullOr(Milliseconds) })).annotate({
    description: "The parts that are silent because it was paused, ms since its beginning."
  }),
  error: Schema.NullOr(Schema.String).annotate({ description: "Why it failed." }),
  deleted_at: Schema.NullOr(Time)
}).annotate({ identifier: "Recording" })

/** How loud each part of a recording is at its loudest: 0 to 1, full scale. */
export const RecordingPeaks = Schema.Struct({
  duration_ms: Milliseconds,
  caller: Schema.Array(Schema.Finite),
  agent: Schema.Array(Schema.Finite)
}).annotate({ identifier: "RecordingPeaks" })

const Recordings = Schema.Struct({ recordings: Schema.Array(RecordingView) })

const call = { id: Id }
const one = { id: Id, rid: Id }

/** Recordings of calls. */
export const RecordingsGroup = HttpApiGroup.make("recordings")
  .add(
    HttpApiEndpoint.get("list", "/calls/:id/recordings", {
      params: call,
      success: Recordings,
      error: CallMissing
    }).annotateMerge(access("viewer", "List a call's recordings", "The oldest first.")),
    HttpApiEndpoint.post("act", "/calls/:id/recording", {
      params: call,
      payload: Schema.Struct({
        action: Schema.Literals(["start", "stop", "pause", "resume"]).annotate({
          description: "`start` goes on with a paused one. While it is paused, both channels are silent."
        })
      }),
      success: Recordings,
      error: [CallMissing, RecordingNotPossible, RecordingUnavailable, ValidationFailed]
    }).annotateMerge(
      access(
        "operator",
        "Begin, pause or end the recording of a call",
        "Whatever node it is on. Answers its recordings."
      )
    ),
    HttpApiEndpoint.get("download", "/calls/:id/recordings/:rid", {
      params: one,
      headers: {
        range: Schema.optionalKey(Schema.String).annotate({ description: "One range of bytes (RFC 9110, section 14)." })
      },
      success: HttpApiSchema.StreamUint8Array({ contentType: "audio/wav" }),
      error: [CallMissing, RecordingMissing, RangeNotSatisfiable, RecordingUnavailable]
    }).annotateMerge(
      access(
        "operator",
        "Download a recording",
        "The WAV file, also of a recording that is still being made. It must lie in this node's folder: see `code`."
      )
    ),
    HttpApiEndpoint.get("peaks", "/calls/:id/recordings/:rid/peaks", {
      params: one,
      query: {
        buckets: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4000 }))).annotate({
          description:
            "Into how many parts of equal length, 1 to 4000. Default 800. Fewer where there are fewer samples."
        })
      },
      success: RecordingPeaks,
      error: [CallMissing, RecordingMissing, RecordingUnavailable]
    }).annotateMerge(
      access(
        "operator",
        "The shape of a recording",
        "How loud each part is at its loudest, to draw it. Of the same node as the file."
      )
    ),
    HttpApiEndpoint.delete("remove", "/calls/:id/recordings/:rid", {
      params: one,
      success: HttpApiSchema.NoContent,
      error: [CallMissing, RecordingMissing, RecordingNotPossible]
    }).annotateMerge(access("admin", "Delete a recording", "The file goes, the row stays and says so. On any node."))
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/telephony")
  .annotateMerge(OpenApi.annotations({ title: "Recordings", description: "The audio of calls." }))
