import { assert, layer } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { StatusReport } from "../../src/carrier/TelephonyProvider.ts"
import { Admission } from "../../src/telephony/Admission.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import { databases } from "../support/database.ts"
import { makeTenant, type Tenant, world } from "./support/world.ts"

const begin = Effect.fnUntraced(function* (tenant: Tenant, providerCallId?: string) {
  const admission = yield* Admission
  const { call } = yield* admission.admit({
    organizationId: tenant.organizationId,
    telephonyConfigurationId: tenant.configurationId,
    agentId: tenant.agentId,
    mode: "fake",
    direction: "outbound",
    from: tenant.number,
    to: "+442071838750",
    context: { order: 7, nested: { list: [1, "two", null] } },
    ...(providerCallId === undefined ? {} : { providerCallId })
  })
  return call
})

const events = Effect.fnUntraced(function* (callId: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`SELECT sequence, kind FROM call_events WHERE call_id = ${callId} ORDER BY sequence`
  return yield* Schema.decodeUnknownEffect(Schema.Array(Schema.Struct({ sequence: Schema.Int, kind: Schema.String })))(
    rows
  )
})

const report = (status: StatusReport["status"], dedupeKey = String(status)): StatusReport => ({
  providerCallId: "CA1",
  status,
  rawStatus: String(status),
  dedupeKey
})

for (const [name, database] of databases)
  layer(world(database))(`calls on ${name}`, (it) => {
    it.effect("keep what they were begun with", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const tenant = yield* makeTenant()
        const call = yield* begin(tenant, "CA-kept")
        assert.deepInclude(call, {
          status: "initiated",
          mediaState: "none",
          from: tenant.number,
          to: "+442071838750",
          agentId: tenant.agentId
        })
        assert.deepStrictEqual(call.context, { order: 7, nested: { list: [1, "two", null] } })
        const found = yield* calls.findByProviderId(tenant.configurationId, "CA-kept")
        assert.strictEqual(Option.getOrThrow(found).id, call.id)
        assert.isTrue(Option.isNone(yield* calls.find("not-a-uuid")))
        assert.isTrue(Option.isNone(yield* calls.find("01900000-0000-7000-8000-000000000000")))
      })
    )

    it.effect("apply a report once, log it once, and number the log without gaps", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const { id } = yield* begin(yield* makeTenant())
        const deliveries = ["ringing", "ringing", "in-progress", "ringing", "in-progress", "completed"] as const
        yield* Effect.forEach(deliveries, (status) => calls.report(id, report(status)), { concurrency: 6 })
        const call = Option.getOrThrow(yield* calls.find(id))
        assert.deepInclude(call, { status: "completed", endReason: "callee_hung_up", providerCallId: "CA1" })
        const log = yield* events(id)
        assert.deepStrictEqual(
          log.map((event) => event.sequence),
          [1, 2, 3, 4, 5]
        )
        assert.deepStrictEqual(log.map((event) => event.kind).sort(), [
          "call.created",
          "call.ended",
          "carrier.status",
          "carrier.status",
          "carrier.status"
        ])
      })
    )

    it.effect("end once: of many at once one is first, and its reason stays", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const { id } = yield* begin(yield* makeTenant())
        const reasons = ["agent_ended", "operator_ended", "media_lost", "max_duration"] as const
        const ends = yield* Effect.forEach(reasons, (reason) => calls.end(id, reason), { concurrency: 4 })
        const [first, ...others] = ends.filter((end) => end.first)
        assert.isDefined(first)
        assert.lengthOf(others, 0)
        const call = Option.getOrThrow(yield* calls.find(id))
        assert.strictEqual(call.endReason, first?.call.endReason)
        assert.lengthOf(
          (yield* events(id)).filter((event) => event.kind === "call.ended"),
          1
        )
      })
    )

    it.effect("learn the carrier's id once, and refuse another", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const { id } = yield* begin(yield* makeTenant())
        yield* calls.learnProviderCallId(id, "CA-first")
        yield* calls.learnProviderCallId(id, "CA-first")
        yield* calls.learnProviderCallId(id, "CA-second")
        assert.strictEqual(Option.getOrThrow(yield* calls.find(id)).providerCallId, "CA-first")
        assert.deepStrictEqual(
          (yield* events(id)).map((event) => event.kind),
          ["call.created", "provider_call_id.conflict"]
        )
      })
    )

    it.effect("move their media forward only, and count an answer by it", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const { id } = yield* begin(yield* makeTenant())
        for (const state of ["connecting", "streaming", "connecting", "ended", "streaming"] as const)
          yield* calls.moveMedia(id, state)
        const call = Option.getOrThrow(yield* calls.find(id))
        assert.deepInclude(call, { mediaState: "ended", status: "in-progress" })
        assert.isDefined(call.answeredAt)
      })
    )
  })
