import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiError, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { CallStatus } from "../carrier/CallStatus.ts"
import { TransferFailure } from "../carrier/TransferStrategy.ts"
import { RecordingState } from "../recording/RecordingStore.ts"
import { transferRing } from "../telephony/deadlines.ts"
import { EndOwner, EndReason } from "../telephony/EndReason.ts"
import { TransferState } from "../telephony/Transfer.ts"
import { Authorization, access } from "./Authorization.ts"
import { AgentNotTold, AgentPerhapsTold, NewAgentEvent } from "./callEvents.ts"
import { Id, NextCursor, pageQuery, Time } from "./common.ts"
import { ValidationFailed } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

/** There is no such call in the caller's organization. */
export class CallMissing extends HttpApiError.Problem<CallMissing>()(
  "CallMissing",
  { type: "urn:switchboard:problem:call-not-found", status: 404, title: "There is no such call in this organization" },
  { code: Schema.Literal("call_not_found") }
) {}

/** The organization's policy or set-up does not allow the call. Nothing was dialled. */
export class CallNotAllowed extends HttpApiError.Problem<CallNotAllowed>()(
  "CallNotAllowed",
  { type: "urn:switchboard:problem:call-not-allowed", status: 409, title: "The call cannot be placed" },
  { code: Schema.Literals(["configuration_not_ready", "no_caller_id", "destination_not_allowed"]) }
) {}

/** The key was used for another request. */
export class IdempotencyKeyReused extends HttpApiError.Problem<IdempotencyKeyReused>()(
  "IdempotencyKeyReused",
  {
    type: "urn:switchboard:problem:idempotency-key-reused",
    status: 422,
    title: "The Idempotency-Key was used for another request"
  },
  { code: Schema.Literal("idempotency_key_reused") }
) {}

/** A limit of the organization is reached. Nothing was dialled. */
export class TooManyCalls extends HttpApiError.Problem<TooManyCalls>()(
  "TooManyCalls",
  { type: "urn:switchboard:problem:too-many-calls", status: 429, title: "Too many calls" },
  { code: Schema.Literals(["concurrent_calls_reached", "calls_per_second_reached"]) }
) {}

/** This node takes no more calls now. Nothing was dialled; another node may. */
export class NodeFull extends HttpApiError.Problem<NodeFull>()(
  "NodeFull",
  { type: "urn:switchboard:problem:node-full", status: 503, title: "This node takes no more calls now" },
  { code: Schema.Literals(["node_full", "draining"]) }
) {}

/** The carrier refused; `detail` has its words and a next step, `carrier_code` its own number for them. */
export class CarrierRefused extends HttpApiError.Problem<CarrierRefused>()(
  "CarrierRefused",
  { type: "urn:switchboard:problem:carrier-refused", status: 502, title: "The carrier refused" },
  {
    code: Schema.Literals(["carrier_rejected", "carrier_unavailable"]),
    call_id: Schema.String,
    carrier_code: Schema.optionalKey(Schema.String)
  }
) {}

/** The call is not in a state for this. */
export class CallNotConnected extends HttpApiError.Problem<CallNotConnected>()(
  "CallNotConnected",
  { type: "urn:switchboard:problem:call-not-connected", status: 409, title: "The call is not connected" },
  { code: Schema.Literals(["call_over", "call_not_connected", "digits_not_supported"]) }
) {}

/** Free JSON of a call; what an agent is told at its start must stay small. */
const maxContextBytes = 16 * 1024
const Context = Schema.Record(Schema.String, Schema.Json).check(
  Schema.makeFilter((value) =>
    new TextEncoder().encode(JSON.stringify(value)).length <= maxContextBytes
      ? undefined
      : "Expected at most 16 KiB of JSON"
  )
)

/** A call. */
export const CallView = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  telephony_configuration_id: Schema.String,
  agent_id: Schema.NullOr(Schema.String),
  mode: Schema.String.annotate({ description: "The provider that carries the call." }),
  direction: Schema.Literals(["inbound", "outbound"]),
  from: Schema.String,
  to: Schema.String,
  provider_call_id: Schema.NullOr(Schema.String).annotate({
    description: "The carrier's own id; null until the carrier tells it."
  }),
  status: CallStatus,
  media_state: Schema.Literals(["none", "connecting", "streaming", "ended"]),
  created_at: Time,
  answered_at: Schema.NullOr(Time),
  ended_at: Schema.NullOr(Time),
  duration_ms: Schema.NullOr(Schema.Int).annotate({
    description: "From the answer to the end, ms; as the carrier counts it where it tells. Null until the call ended."
  }),
  end_reason: Schema.NullOr(EndReason),
  end_owner: Schema.NullOr(EndOwner),
  cost: Schema.NullOr(Schema.Struct({ amount: Schema.String, currency: Schema.String })).annotate({
    description: "A positive decimal and an ISO 4217 currency; null while unknown."
  }),
  recording: Schema.NullOr(RecordingState).annotate({
    description: "Where the call's newest recording stands; null where there is none. `.../recordings` has them all."
  }),
  context: Schema.Record(Schema.String, Schema.Json)
}).annotate({ identifier: "Call" })

/** One line of a call's log. */
export const CallEventView = Schema.Struct({
  sequence: Schema.Int,
  source: Schema.String,
  kind: Schema.String,
  payload: Schema.Record(Schema.String, Schema.Json),
  occurred_at: Time
}).annotate({ identifier: "CallEvent" })

const NewCall = Schema.Struct({
  to: Schema.NonEmptyString.annotate({
    description: "E.164 number, national number of the organization's country, or SIP URI."
  }),
  agent_id: Schema.String,
  telephony_configuration_id: Schema.optionalKey(Schema.String).annotate({
    description: "Which configuration dials. Default: the default one, else the first that is ready."
  }),
  from_phone_number_id: Schema.optionalKey(Schema.String).annotate({
    description: "The caller id. Default: the configuration's default one, else any active one."
  }),
  context: Schema.optionalKey(Context).annotate({ description: "Given to the agent as it is; at most 16 KiB." }),
  record: Schema.optionalKey(Schema.Boolean).annotate({
    description: "Whether to record the call from its beginning. Default: what the agent's settings say."
  })
}).annotate({ identifier: "NewCall" })

const placing = {
  headers: {
    "idempotency-key": Schema.optionalKey(Schema.String.check(Schema.isBetweenCodePoints(1, 255))).annotate({
      description:
        "The same key with the same body answers the same call again and dials once, for 24 hours. A request that was refused before its call began has not used its key up."
    })
  },
  payload: NewCall,
  success: CallView.pipe(HttpApiSchema.status(201)),
  error: [ValidationFailed, CallNotAllowed, IdempotencyKeyReused, TooManyCalls, NodeFull, CarrierRefused]
}
const placingNote =
  "Answers once the carrier took the dial, or refused it. A dial whose outcome is unknown is answered as a call that stays `initiated`; it is never dialled twice."

const params = { id: Id }
const afterSequence = Schema.StringFromBase64Url.check(Schema.isPattern(/^\d{1,9}$/))

/** A server-sent event: its id is the sequence, so that a reader that reconnects goes on where it was. */
const LiveEvent = Schema.Struct({
  id: Schema.String,
  event: Schema.Literal("call.event"),
  data: Schema.fromJsonString(CallEventView)
})

/** A transfer was not begun. */
export class TransferNotPossible extends HttpApiError.Problem<TransferNotPossible>()(
  "TransferNotPossible",
  { type: "urn:switchboard:problem:transfer-not-possible", status: 409, title: "The call cannot be transferred now" },
  {
    code: Schema.Literals([
      "call_over",
      "call_not_connected",
      "transfer_not_supported",
      "announcement_not_supported",
      "transfer_under_way",
      "destination_not_allowed",
      "configuration_not_ready"
    ])
  }
) {}

/** A transfer. */
export const TransferView = Schema.Struct({
  id: Schema.String,
  call_id: Schema.String,
  requested_by: Schema.Literals(["agent", "operator"]),
  destination: Schema.String,
  caller_id: Schema.String,
  announcement: Schema.NullOr(Schema.String),
  timeout_s: Schema.Int,
  state: TransferState,
  failure: Schema.NullOr(TransferFailure).annotate({ description: "Why it failed or was called off; null otherwise." }),
  failure_message: Schema.NullOr(Schema.String).annotate({ description: "What the carrier said, with a next step." }),
  destination_provider_call_id: Schema.NullOr(Schema.String),
  created_at: Time,
  finished_at: Schema.NullOr(Time)
}).annotate({ identifier: "Transfer" })

const NewTransfer = Schema.Struct({
  destination: Schema.String.check(Schema.isBetweenCodePoints(1, 255)).annotate({
    description: "E.164 number, national number of the organization's country, SIP URI, or a PBX extension."
  }),
  timeout_s: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: transferRing.least, maximum: transferRing.most }))
  ).annotate({ description: `How long the destination may ring, s. Default ${transferRing.seconds}.` }),
  announcement: Schema.optionalKey(Schema.String.check(Schema.isBetweenCodePoints(1, 500))).annotate({
    description:
      "Spoken to the destination before it is joined, where the carrier can; without it, it is joined at once."
  }),
  caller_id: Schema.optionalKey(Schema.String.check(Schema.isBetweenCodePoints(1, 255))).annotate({
    description:
      "An active number of the call's configuration. Default: the number that the call came in on or was placed from."
  })
}).annotate({ identifier: "NewTransfer" })

/** Calls: placing them, watching them, ending them. */
export const CallsGroup = HttpApiGroup.make("calls")
  .add(
    HttpApiEndpoint.post("place", "/calls", placing).annotateMerge(access("operator", "Place a call", placingNote)),
    HttpApiEndpoint.post("initiate", "/initiate-call", placing).annotateMerge(
      access("operator", "Place a call (older name)", placingNote)
    ),
    HttpApiEndpoint.get("list", "/calls", {
      query: {
        ...pageQuery,
        status: Schema.optionalKey(CallStatus),
        direction: Schema.optionalKey(Schema.Literals(["inbound", "outbound"])),
        live: Schema.optionalKey(Schema.Literals(["true", "false"])).annotate({
          description: "`true`: only calls that have not ended; `false`: only those that have."
        })
      },
      success: Schema.Struct({ calls: Schema.Array(CallView), next_cursor: NextCursor })
    }).annotateMerge(access("viewer", "List calls", "The newest first.")),
    HttpApiEndpoint.get("get", "/calls/:id", { params, success: CallView, error: CallMissing }).annotateMerge(
      access("viewer", "Read a call")
    ),
    HttpApiEndpoint.get("events", "/calls/:id/events", {
      params,
      query: { limit: pageQuery.limit, cursor: Schema.optionalKey(afterSequence) },
      success: Schema.Struct({ events: Schema.Array(CallEventView), next_cursor: NextCursor }),
      error: CallMissing
    }).annotateMerge(access("viewer", "Read a call's log", "In order. For a live log see `/events/stream`.")),
    HttpApiEndpoint.post("tellAgent", "/calls/:id/events", {
      params,
      payload: NewAgentEvent,
      success: HttpApiSchema.NoContent,
      error: [CallMissing, AgentNotTold, AgentPerhapsTold, ValidationFailed]
    }).annotateMerge(
      access(
        "operator",
        "Tell a call's agent something",
        "The agent gets `{name, data}` in the middle of the call, whatever node it is on; the call's log has it as `operator.event`. Not every kind of agent takes events."
      )
    ),
    HttpApiEndpoint.get("stream", "/calls/:id/events/stream", {
      params,
      headers: {
        "last-event-id": Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d{1,9}$/)))
      },
      success: HttpApiSchema.StreamSse({ events: LiveEvent }),
      error: CallMissing
    }).annotateMerge(
      access(
        "viewer",
        "Follow a call's log",
        "Server-sent events: what the log holds, then each new event, until the call has ended; a comment every 15 s while nothing happens. `Last-Event-ID` goes on after that event."
      )
    ),
    HttpApiEndpoint.post("hangUp", "/calls/:id/hangup", {
      params,
      success: CallView,
      error: CallMissing
    }).annotateMerge(
      access("operator", "Hang a call up", "Whatever node it is on. A call that is over is answered as it is.")
    ),
    HttpApiEndpoint.post("digits", "/calls/:id/digits", {
      params,
      payload: Schema.Struct({
        digits: Schema.String.check(
          Schema.isPattern(/^[0-9A-Da-d*#wW]{1,64}$/, { expected: "1 to 64 of 0-9, A-D, *, #, and w for a pause" })
        )
      }),
      success: HttpApiSchema.NoContent,
      error: [CallMissing, CallNotConnected, ValidationFailed, CarrierRefused]
    }).annotateMerge(access("operator", "Send DTMF digits into a call", "Whatever node it is on.")),
    HttpApiEndpoint.post("transfer", "/calls/:id/transfer", {
      params,
      payload: NewTransfer,
      success: TransferView.pipe(HttpApiSchema.status(202)),
      error: [CallMissing, TransferNotPossible, ValidationFailed]
    }).annotateMerge(
      access(
        "operator",
        "Transfer a call",
        "The destination is dialled while the caller stays with the agent; when it answers the two are joined and the agent leaves. If it does not answer, nothing has changed for the caller. What becomes of it is in the call's log and under `/transfers`."
      )
    ),
    HttpApiEndpoint.get("transfers", "/calls/:id/transfers", {
      params,
      success: Schema.Struct({ transfers: Schema.Array(TransferView) }),
      error: CallMissing
    }).annotateMerge(access("viewer", "List a call's transfers", "The newest first."))
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/telephony")
  .annotateMerge(
    OpenApi.annotations({ title: "Calls", description: "Calls: placing them, watching them, ending them." })
  )
