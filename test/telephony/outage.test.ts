import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Metric } from "effect"
import { CallTokens } from "../../src/telephony/CallTokens.ts"
import { inboundPath, send, webServer } from "./support/carrierHttp.ts"
import { signatureHeader } from "./support/fakeCarrier.ts"
import { world } from "./support/world.ts"

/** A server that is not there. */
const nowhere = PgClient.layer({ host: "127.0.0.1", port: 1, ssl: false, username: "x", database: "x" }).pipe(
  Layer.orDie
)

layer(webServer.pipe(Layer.provideMerge(world(nowhere))), { excludeTestServices: true })("without a database", (it) => {
  it.effect("webhooks are answered with 503 and when to come back, whatever they are", () =>
    Effect.gen(function* () {
      const tokens = yield* CallTokens
      const token = tokens.sign("01900000-0000-7000-8000-000000000000")
      const body = JSON.stringify({ account: "AC1", call: "CA1", status: "ringing" })
      for (const path of [
        inboundPath,
        "/api/v1/telephony/inbound/run",
        "/api/v1/telephony/twiml",
        `/api/v1/telephony/answer/${token}`,
        `/api/v1/telephony/fake/status/${token}`,
        "/api/v1/telephony/fake/account-status"
      ]) {
        const reply = yield* send("POST", path, { [signatureHeader]: "any" }, body)
        assert.deepStrictEqual([reply.status, reply.headers["retry-after"], reply.body], [503, "5", ""], path)
      }
    })
  )

  it.effect("what is refused without asking it is still refused", () =>
    Effect.gen(function* () {
      const reply = yield* send("POST", "/api/v1/telephony/answer/not-a-token", {}, "")
      assert.strictEqual(reply.status, 403)
      const snapshot = yield* Metric.snapshot
      const of = (id: string) => snapshot.filter((metric) => metric.id === id)
      assert.isNotEmpty(of("switchboard_signature_failures_total"))
      const outcomes = of("switchboard_webhook_seconds").map(({ attributes }) => attributes?.["outcome"])
      assert.includeMembers(outcomes, ["unavailable", "refused"])
    })
  )
})
