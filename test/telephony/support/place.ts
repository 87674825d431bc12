import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { FormValues } from "../../../src/Form.ts"
import { Admission, type NewCall } from "../../../src/telephony/Admission.ts"
import { Calls } from "../../../src/telephony/Calls.ts"
import { carrierName } from "./fakeCarrier.ts"
import type { Tenant } from "./world.ts"

export const newCall = (tenant: Tenant, changes: Partial<NewCall> = {}): NewCall => ({
  organizationId: tenant.organizationId,
  telephonyConfigurationId: tenant.configurationId,
  agentId: tenant.agentId,
  mode: carrierName,
  direction: "outbound",
  from: tenant.number,
  to: "+442071838750",
  context: {},
  ...changes
})

/** A new call's row, as nothing else has touched it yet. */
export const begin = Effect.fnUntraced(function* (tenant: Tenant, changes: Partial<NewCall> = {}) {
  const admission = yield* Admission
  return (yield* admission.admit(newCall(tenant, changes))).call
})

export const callOf = Effect.fnUntraced(function* (id: string) {
  const calls = yield* Calls
  return Option.getOrThrow(yield* calls.find(id))
})

const Event = Schema.Struct({
  sequence: Schema.Int,
  kind: Schema.String,
  payload: Schema.Record(Schema.String, Schema.Json)
})
const readEvents = Schema.decodeUnknownEffect(Schema.Array(Event))

export const eventsOf = Effect.fnUntraced(function* (callId: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`SELECT sequence, kind, payload FROM call_events WHERE call_id = ${callId} ORDER BY sequence`
  return yield* Effect.orDie(readEvents(rows))
})

export const kindsOf = (callId: string) => Effect.map(eventsOf(callId), (events) => events.map(({ kind }) => kind))

/** The payload of the first event of a kind. */
export const payloadOf = (
  callId: string,
  kind: string
): Effect.Effect<FormValues | undefined, unknown, SqlClient.SqlClient> =>
  Effect.map(eventsOf(callId), (events) => events.find((event) => event.kind === kind)?.payload)

const Count = Schema.Array(Schema.Struct({ count: Schema.Int }))
const readCount = Schema.decodeUnknownEffect(Count)

/** How many slots an organization's live calls hold. */
export const liveCalls = Effect.fnUntraced(function* (tenant: Tenant) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`SELECT count(*)::int AS count FROM calls
    WHERE organization_id = ${tenant.organizationId} AND ended_at IS NULL`
  return (yield* Effect.orDie(readCount(rows)))[0]?.count ?? 0
})

/** How many calls an organization ever had. */
export const allCalls = Effect.fnUntraced(function* (tenant: Tenant) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`SELECT count(*)::int AS count FROM calls WHERE organization_id = ${tenant.organizationId}`
  return (yield* Effect.orDie(readCount(rows)))[0]?.count ?? 0
})

/** Makes a call's deadline, lease or pending hang-up lie in the past. */
export const makeLate = Effect.fnUntraced(function* (
  id: string,
  column: "deadline_at" | "lease_until" | "hangup_due_at"
) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`UPDATE calls SET ${sql(column)} = clock_timestamp() - interval '1 second'
    WHERE id = ${id} AND ${sql(column)} IS NOT NULL`
})

/** Waits until the call is as wanted; the test's own time limit is the deadline. */
export const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  effect.pipe(Effect.delay("10 millis"), Effect.repeat({ until: holds }), Effect.timeout("10 seconds"))
