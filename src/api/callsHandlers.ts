import { DateTime, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { Call } from "../telephony/Call.ts"
import { type CallEvent, CallHistory } from "../telephony/CallHistory.ts"
import { Dialer } from "../telephony/Dialer.ts"
import type { DialRequest } from "../telephony/DialRequest.ts"
import { Operating } from "../telephony/Operating.ts"
import type { Transfer } from "../telephony/Transfer.ts"
import type { TransferWish } from "../telephony/TransferRequest.ts"
import { Transfers } from "../telephony/Transfers.ts"
import { TransferStore } from "../telephony/TransferStore.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { digitsRefused, eventRefused, notFound, placingRefused, transferRefused } from "./callProblems.ts"
import { DEFAULT_LIMIT } from "./common.ts"
import { liveEvents } from "./liveEvents.ts"
import { nextCursor, pageRequest } from "./pages.ts"
import { databaseAway } from "./refused.ts"

const shown = (call: Call) => ({
  id: call.id,
  organization_id: call.organizationId,
  telephony_configuration_id: call.telephonyConfigurationId,
  agent_id: call.agentId ?? null,
  mode: call.mode,
  direction: call.direction,
  from: call.from,
  to: call.to,
  provider_call_id: call.providerCallId ?? null,
  status: call.status,
  media_state: call.mediaState,
  created_at: call.createdAt,
  answered_at: call.answeredAt ?? null,
  ended_at: call.endedAt ?? null,
  duration_ms: duration(call),
  end_reason: call.endReason ?? null,
  end_owner: call.endOwner ?? null,
  cost: call.cost ?? null,
  recording: call.recording ?? null,
  context: call.context
})

const duration = ({ durationMs, answeredAt, endedAt }: Call) =>
  durationMs ??
  (answeredAt === undefined || endedAt === undefined
    ? null
    : DateTime.toEpochMillis(endedAt) - DateTime.toEpochMillis(answeredAt))

const shownTransfer = (transfer: Transfer) => ({
  id: transfer.id,
  call_id: transfer.callId,
  requested_by: transfer.requestedBy,
  destination: transfer.destination,
  caller_id: transfer.callerId,
  announcement: transfer.announcement ?? null,
  timeout_s: transfer.ringSeconds,
  state: transfer.state,
  failure: transfer.failure ?? null,
  failure_message: transfer.failureMessage ?? null,
  destination_provider_call_id: transfer.destinationCallId ?? null,
  created_at: transfer.createdAt,
  finished_at: transfer.finishedAt ?? null
})

const shownEvent = ({ occurredAt, ...event }: CallEvent) => ({ ...event, occurred_at: occurredAt })

export const callsHandlers = HttpApiBuilder.group(
  Api,
  "calls",
  Effect.fnUntraced(function* (handlers) {
    const dialer = yield* Dialer
    const history = yield* CallHistory
    const operating = yield* Operating
    const transfers = yield* Transfers
    const transferStore = yield* TransferStore

    const place = Effect.fnUntraced(function* (
      payload: {
        readonly to: string
        readonly agent_id: string
        readonly telephony_configuration_id?: string
        readonly from_phone_number_id?: string
        readonly context?: DialRequest["context"]
        readonly record?: boolean
      },
      idempotencyKey: string | undefined
    ) {
      const { organizationId } = yield* Caller
      const request: DialRequest = {
        organizationId,
        agentId: payload.agent_id,
        to: payload.to,
        context: payload.context ?? {},
        ...(payload.telephony_configuration_id === undefined
          ? {}
          : { configurationId: payload.telephony_configuration_id }),
        ...(payload.from_phone_number_id === undefined ? {} : { fromPhoneNumberId: payload.from_phone_number_id }),
        ...(payload.record === undefined ? {} : { record: payload.record }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey })
      }
      return shown(yield* dialer.place(request))
    }, Effect.catchTags(placingRefused))

    const owned = Effect.fnUntraced(function* (id: string) {
      const { organizationId } = yield* Caller
      return yield* history.get(organizationId, id)
    })

    return handlers.handleAll({
      place: ({ payload, headers }) => place(payload, headers["idempotency-key"]),
      initiate: ({ payload, headers }) => place(payload, headers["idempotency-key"]),
      list: Effect.fnUntraced(
        function* ({ query }) {
          const { organizationId } = yield* Caller
          const { status, direction, live } = query
          const filter = { status, direction, live: live === undefined ? undefined : live === "true" }
          const page = yield* history.list(organizationId, filter, pageRequest(query))
          return { calls: page.items.map(shown), next_cursor: nextCursor(page) }
        },
        Effect.catchTag("SqlError", databaseAway)
      ),
      get: Effect.fnUntraced(
        function* ({ params }) {
          return shown(yield* owned(params.id))
        },
        Effect.catchTags({ CallNotFound: notFound, SqlError: databaseAway })
      ),
      events: Effect.fnUntraced(
        function* ({ params, query }) {
          const { id } = yield* owned(params.id)
          const limit = query.limit ?? DEFAULT_LIMIT
          const found = yield* history.events(id, Number(query.cursor ?? 0), limit + 1)
          const events = found.slice(0, limit)
          const last = found.length > limit ? events.at(-1) : undefined
          return { events: events.map(shownEvent), next_cursor: last === undefined ? null : String(last.sequence) }
        },
        Effect.catchTags({ CallNotFound: notFound, SqlError: databaseAway })
      ),
      stream: Effect.fnUntraced(
        function* ({ params, headers }) {
          const { id } = yield* owned(params.id)
          return liveEvents(history.follow(id, Number(headers["last-event-id"] ?? 0)))
        },
        Effect.catchTags({ CallNotFound: notFound, SqlError: databaseAway })
      ),
      hangUp: Effect.fnUntraced(
        function* ({ params }) {
          const { organizationId } = yield* Caller
          return shown(yield* operating.hangUp(organizationId, params.id))
        },
        Effect.catchTags({ CallNotFound: notFound, SqlError: databaseAway })
      ),
      digits: Effect.fnUntraced(function* ({ params, payload }) {
        const { organizationId } = yield* Caller
        yield* operating
          .sendDigits(organizationId, params.id, payload.digits)
          .pipe(Effect.catchTags(digitsRefused(params.id)))
      }),
      tellAgent: Effect.fnUntraced(function* ({ params, payload: { data = null, name } }) {
        const { organizationId } = yield* Caller
        yield* operating.tellAgent(organizationId, params.id, { name, data })
      }, Effect.catchTags(eventRefused)),
      transfer: Effect.fnUntraced(function* ({ params, payload }) {
        const wish: TransferWish = {
          destination: payload.destination,
          ...(payload.timeout_s === undefined ? {} : { timeoutSeconds: payload.timeout_s }),
          ...(payload.announcement === undefined ? {} : { announcement: payload.announcement }),
          ...(payload.caller_id === undefined ? {} : { callerId: payload.caller_id })
        }
        return shownTransfer(yield* transfers.request(yield* owned(params.id), wish, "operator"))
      }, Effect.catchTags(transferRefused)),
      transfers: Effect.fnUntraced(
        function* ({ params }) {
          const { id } = yield* owned(params.id)
          return { transfers: (yield* transferStore.ofCall(id)).map(shownTransfer) }
        },
        Effect.catchTags({ CallNotFound: notFound, SqlError: databaseAway })
      )
    })
  })
)
