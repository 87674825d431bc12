import { SqlClient } from "effect/sql"
import { Context, type DateTime, Effect, Layer, Option, Schedule, Schema, Stream } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { CallStatus } from "../carrier/CallStatus.ts"
import type { FormValues } from "../Form.ts"
import { type Page, type PageRequest, pageOf, rowKey } from "../organizations/rows.ts"
import { storableText } from "../store/storable.ts"
import type { Call } from "./Call.ts"
import type { EndReason } from "./EndReason.ts"
import { readCalls, shownColumns } from "./callRow.ts"

/** There is no such call in this organization. */
export class CallNotFound extends Schema.TaggedError<CallNotFound>()("CallNotFound", { id: Schema.String }) {}

/** Which calls a list shows; what is undefined does not matter. */
export interface CallFilter {
  readonly status?: CallStatus | undefined
  readonly direction?: Call["direction"] | undefined
  /** Those that have not ended, or those that have. */
  readonly live?: boolean | undefined
  readonly provider?: string | undefined
  readonly agentId?: string | undefined
  readonly endReason?: EndReason | undefined
  /** Text that occurs in an address or in the carrier's id, in capitals or not. */
  readonly search?: string | undefined
}

/** A line of a call's log. */
export interface CallEvent {
  readonly sequence: number
  readonly source: string
  readonly kind: string
  readonly payload: FormValues
  readonly occurredAt: DateTime.Utc
}

/** How often a live log is looked into. */
const interval = "500 millis"

/** How many events a live log takes at once. */
const batch = 200

/** Reading calls and what happened to them. */
export class CallHistory extends Context.Service<
  CallHistory,
  {
    /** With the state of its recording, as in lists. */
    readonly get: (organizationId: string, id: string) => Effect.Effect<Call, CallNotFound | SqlError>
    /** The newest calls first. */
    readonly list: (
      organizationId: string,
      filter: CallFilter,
      page: PageRequest
    ) => Effect.Effect<Page<Call>, SqlError>
    /** At most `limit` events after the one with the number `after`, in order. */
    readonly events: (callId: string, after: number, limit: number) => Effect.Effect<ReadonlyArray<CallEvent>, SqlError>
    /** The events after the number `after`, and each new one, until the call has ended. Survives an absent database. */
    readonly follow: (callId: string, after: number) => Stream.Stream<CallEvent>
  }
>()("switchboard/CallHistory") {
  static readonly layer = Layer.effect(
    CallHistory,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const columns = shownColumns(sql)

      const get = Effect.fn("CallHistory.get")(function* (organizationId: string, id: string) {
        const key = rowKey(id)
        if (Option.isNone(key)) return yield* new CallNotFound({ id })
        const [call] = yield* Effect.flatMap(
          sql`SELECT ${columns} FROM calls WHERE id = ${key.value} AND organization_id = ${organizationId}`,
          readCalls
        )
        return call ?? (yield* new CallNotFound({ id }))
      })

      const list = Effect.fn("CallHistory.list")(function* (
        organizationId: string,
        { agentId, direction, endReason, live, provider, search, status }: CallFilter,
        page: PageRequest
      ) {
        const agent = agentId === undefined ? undefined : rowKey(agentId)
        if (agent !== undefined && Option.isNone(agent)) return pageOf([], page)
        const like = search === undefined ? undefined : `%${storableText(search).replaceAll(/[\\%_]/g, "\\$&")}%`
        const conditions = [
          sql`organization_id = ${organizationId}`,
          ...(page.after === undefined ? [] : [sql`id < ${page.after}`]),
          ...(status === undefined ? [] : [sql`status = ${status}`]),
          ...(direction === undefined ? [] : [sql`direction = ${direction}`]),
          ...(provider === undefined ? [] : [sql`mode = ${storableText(provider)}`]),
          ...(agent === undefined ? [] : [sql`agent_id = ${agent.value}`]),
          ...(endReason === undefined ? [] : [sql`end_reason = ${endReason}`]),
          ...(like === undefined
            ? []
            : [sql`(from_address ILIKE ${like} OR to_address ILIKE ${like} OR provider_call_id ILIKE ${like})`]),
          ...(live === undefined ? [] : [live ? sql`ended_at IS NULL` : sql`ended_at IS NOT NULL`])
        ]
        const calls = yield* Effect.flatMap(
          sql`SELECT ${columns} FROM calls WHERE ${sql.and(conditions)} ORDER BY id DESC LIMIT ${page.limit + 1}`,
          readCalls
        )
        return pageOf(calls, page)
      })

      const events = Effect.fn("CallHistory.events")(function* (callId: string, after: number, limit: number) {
        const rows = yield* sql`SELECT sequence, source, kind, payload, occurred_at FROM call_events
          WHERE call_id = ${callId} AND sequence > ${after} ORDER BY sequence LIMIT ${limit}`
        return yield* Effect.orDie(readEvents(rows))
      })

      const over = (callId: string) =>
        Effect.map(sql`SELECT 1 FROM calls WHERE id = ${callId} AND ended_at IS NULL`, (rows) => rows.length === 0)

      /** The end is looked for before the events: those of the end are not missed. */
      const look = Effect.fnUntraced(function* (callId: string, { after, idle }: Position) {
        if (idle) yield* Effect.sleep(interval)
        const ended = yield* over(callId)
        const found = yield* events(callId, after, batch)
        const next: Position = { after: found.at(-1)?.sequence ?? after, idle: found.length < batch }
        return [found, ended && next.idle ? Option.none<Position>() : Option.some(next)] as const
      })

      const follow = (callId: string, after: number) =>
        Stream.paginate({ after, idle: false }, (position: Position) =>
          Effect.orDie(Effect.retry(look(callId, position), Schedule.spaced("2 seconds")))
        )
      return CallHistory.of({ get, list, events, follow })
    })
  )
}

/** Where a reader of a live log stands, and whether it had seen everything when it last looked. */
interface Position {
  readonly after: number
  readonly idle: boolean
}

const Event = Schema.Struct({
  sequence: Schema.Int,
  source: Schema.String,
  kind: Schema.String,
  payload: Schema.Record(Schema.String, Schema.Json),
  occurred_at: Schema.DateTimeUtcFromDate
})
const decodeEvents = Schema.decodeUnknownEffect(Schema.Array(Event))
const readEvents = (rows: ReadonlyArray<unknown>) =>
  Effect.map(decodeEvents(rows), (events) =>
    events.map(({ occurred_at, ...event }): CallEvent => ({ ...event, occurredAt: occurred_at }))
  )
