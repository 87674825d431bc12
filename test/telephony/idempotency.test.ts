import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Calls } from "../../src/telephony/Calls.ts"
import { Dialer } from "../../src/telephony/Dialer.ts"
import type { DialRequest } from "../../src/telephony/DialRequest.ts"
import { databases } from "../support/database.ts"
import { Carrier, makeScript } from "./support/fakeCarrier.ts"
import { allCalls, begin } from "./support/place.ts"
import { makeTenant, world } from "./support/world.ts"

const fresh = Effect.fnUntraced(function* (options?: Parameters<typeof makeTenant>[0]) {
  const carrier = yield* Carrier
  carrier.script = makeScript()
  const tenant = yield* makeTenant(options)
  const request: DialRequest = {
    organizationId: tenant.organizationId,
    agentId: tenant.agentId,
    to: "+442071838750",
    context: {},
    idempotencyKey: "key"
  }
  return { tenant, request, script: carrier.script, dialer: yield* Dialer }
})

for (const [name, database] of databases)
  layer(world(database), { excludeTestServices: true })(`an idempotency key on ${name}`, (it) => {
    it.effect("is not used up by a request that was refused, or crashed, before its call began", () =>
      Effect.gen(function* () {
        const { tenant, request, script, dialer } = yield* fresh({ concurrent: 1 })
        const calls = yield* Calls
        const other = yield* begin(tenant)
        assert.deepInclude(yield* Effect.flip(dialer.place(request)), { _tag: "LimitReached" })
        yield* calls.end(other.id, "agent_ended")
        const placed = yield* dialer.place(request)
        assert.lengthOf(script.placed, 1)
        assert.strictEqual((yield* dialer.place(request)).id, placed.id)
        assert.lengthOf(script.placed, 1)
      })
    )

    it.effect("answers as before, also when the call could not be placed today", () =>
      Effect.gen(function* () {
        const { tenant, request, script, dialer } = yield* fresh()
        const placed = yield* dialer.place(request)
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE telephony_configurations SET inactive_since = now() WHERE id = ${tenant.configurationId}`
        assert.strictEqual((yield* dialer.place(request)).id, placed.id)
        const other = { ...request, context: { other: true } }
        assert.deepInclude(yield* Effect.flip(dialer.place(other)), { _tag: "IdempotencyConflict" })
        assert.deepInclude(yield* Effect.flip(dialer.place({ ...request, idempotencyKey: "new" })), {
          _tag: "NoConfigurationReady"
        })
        assert.lengthOf(script.placed, 1)
      })
    )

    it.effect("is good for a day, and then for another call", () =>
      Effect.gen(function* () {
        const { tenant, request, script, dialer } = yield* fresh()
        const sql = yield* SqlClient.SqlClient
        const age = (hours: number) =>
          sql`UPDATE calls SET created_at = created_at - ${hours} * interval '1 hour'
            WHERE organization_id = ${tenant.organizationId}`
        const first = yield* dialer.place(request)
        yield* age(23.9)
        assert.strictEqual((yield* dialer.place(request)).id, first.id)
        yield* age(0.2)
        const again = { ...request, context: { order: 8 } }
        const both = yield* Effect.forEach([1, 2], () => dialer.place(again), { concurrency: 2 })
        assert.notStrictEqual(both[0]?.id, first.id)
        assert.strictEqual(both[0]?.id, both[1]?.id)
        assert.lengthOf(script.placed, 2)
        assert.strictEqual(yield* allCalls(tenant), 2)
      })
    )
  })
