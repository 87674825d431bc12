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

const still = ({ status }: { readonly status: string }) => status === "ringing"

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

    it.effect("never share a carrier's id: what was found under another call's id is not this call", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const tenant = yield* makeTenant()
        const known = yield* begin(tenant, "CA-mine")
        const guessing = yield* begin(tenant)
        const found = { ...report("ringing"), providerCallId: "CA-mine" }
        const after = yield* calls.report(guessing.id, found)
        assert.deepInclude(after, { status: "ringing", providerCallId: undefined })
        assert.strictEqual(Option.getOrThrow(yield* calls.find(known.id)).providerCallId, "CA-mine")
        assert.include(
          (yield* events(guessing.id)).map(({ kind }) => kind),
          "provider_call_id.conflict"
        )
      })
    )

    it.effect("that only seemed to have a carrier's id give way to the one whose dial was answered with it", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const tenant = yield* makeTenant()
        const guessing = yield* begin(tenant)
        const dialled = yield* begin(tenant)
        yield* calls.report(guessing.id, { ...report("ringing"), providerCallId: "CA-guess" })
        yield* calls.learnProviderCallId(dialled.id, "CA-guess")
        assert.strictEqual(Option.getOrThrow(yield* calls.find(dialled.id)).providerCallId, "CA-guess")
        assert.isUndefined(Option.getOrThrow(yield* calls.find(guessing.id)).providerCallId)
      })
    )

    it.effect("that take the same carrier's id at once end up with one of them having it", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const tenant = yield* makeTenant()
        const some = yield* Effect.forEach([1, 2, 3, 4], () => begin(tenant))
        yield* Effect.forEach(some, ({ id }) => calls.report(id, { ...report("ringing"), providerCallId: "CA-one" }), {
          concurrency: 4
        })
        const rows = yield* Effect.forEach(some, ({ id }) => Effect.map(calls.find(id), Option.getOrThrow))
        assert.lengthOf(
          rows.filter(({ providerCallId }) => providerCallId === "CA-one"),
          1
        )
        assert.isTrue(rows.every(({ status }) => status === "ringing"))
      })
    )

    it.effect("end only if they still are as whoever ends them saw them", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const { id } = yield* begin(yield* makeTenant())
        assert.isFalse((yield* calls.end(id, "no_answer", { still })).first)
        yield* calls.report(id, report("ringing"))
        assert.isTrue((yield* calls.end(id, "no_answer", { still })).first)
      })
    )

    it.effect("keep whatever carriers and agents say, also what no column can hold", () =>
      Effect.gen(function* () {
        const calls = yield* Calls
        const admission = yield* Admission
        const tenant = yield* makeTenant()
        const odd = "a\u0000b\ud800"
        const { call } = yield* admission.admit({
          organizationId: tenant.organizationId,
          telephonyConfigurationId: tenant.configurationId,
          agentId: tenant.agentId,
          mode: "fake",
          direction: "inbound",
          from: odd,
          to: tenant.number,
          providerCallId: "CA-odd",
          context: { [odd]: [odd, { deep: odd }] }
        })
        const kept = "a\ufffdb\ufffd"
        assert.strictEqual(call.from, kept)
        assert.deepStrictEqual(call.context, { [kept]: [kept, { deep: kept }] })
        const event = { source: "agent", kind: odd, payload: { odd }, dedupeKey: odd } as const
        assert.isTrue(yield* calls.record(call.id, event))
        assert.isFalse(yield* calls.record(call.id, event))
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
