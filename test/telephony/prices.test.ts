import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { priceCalls } from "../../src/telephony/prices.ts"
import { databases } from "../support/database.ts"
import { carrierError } from "./support/fakeCarrier.ts"
import { knownCall, says } from "./support/knownCall.ts"
import { callOf, kindsOf } from "./support/place.ts"
import { world } from "./support/world.ts"

for (const [name, database] of databases)
  layer(world(database))(`prices on ${name}`, (it) => {
    it.effect("are found later: the carrier is asked with growing pauses, and they stay unknown when none comes", () =>
      Effect.gen(function* () {
        const { call, script, calls } = yield* knownCall()
        const sql = yield* SqlClient.SqlClient
        const longAgo = sql`UPDATE calls SET ended_at = ended_at - interval '1 day',
          cost_checked_at = cost_checked_at - interval '1 day' WHERE id = ${call.id}`
        yield* calls.report(call.id, yield* says("completed"))
        let asked = 0
        script.callCost = () =>
          Effect.sync(() => {
            asked += 1
            return asked === 3 ? { amount: "0.03000", currency: "USD" } : undefined
          })
        yield* priceCalls
        assert.strictEqual(asked, 0)
        for (const times of [1, 2, 3]) {
          yield* longAgo
          yield* priceCalls
          assert.strictEqual(asked, times)
          yield* priceCalls
          assert.strictEqual(asked, times)
        }
        assert.deepStrictEqual((yield* callOf(call.id)).cost, { amount: "0.03000", currency: "USD" })

        const second = yield* knownCall()
        yield* calls.report(second.call.id, yield* says("completed"))
        second.script.callCost = () => carrierError("unavailable")
        for (let round = 0; round < 6; round++) {
          yield* sql`UPDATE calls SET ended_at = ended_at - interval '1 day',
            cost_checked_at = cost_checked_at - interval '1 day' WHERE id = ${second.call.id}`
          yield* priceCalls
        }
        assert.isUndefined((yield* callOf(second.call.id)).cost)
        assert.include(yield* kindsOf(second.call.id), "cost.unknown")
      })
    )
  })
