import { PgClient } from "@effect/sql-pg"
import { assert, describe, it as standalone, layer } from "@effect/vitest"
import { Effect, Layer, Metric, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { migrate } from "../../src/store/migrations.ts"
import * as Database from "../../src/store/Database.ts"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { UrlTokens } from "../../src/organizations/UrlTokens.ts"
import { Node } from "../../src/telephony/Node.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { needsPostgres, postgresUrl, temporaryDatabase } from "../support/database.ts"
import { inbound, inboundPath, send, told, webServer } from "./support/carrierHttp.ts"
import { signatureHeader } from "./support/fakeCarrier.ts"
import { allCalls, begin, eventually } from "./support/place.ts"
import { makeTenant, world } from "./support/world.ts"

/** A server that is not there. */
const nowhere = PgClient.layer({ host: "127.0.0.1", port: 1, ssl: false, username: "x", database: "x" }).pipe(
  Layer.orDie
)

layer(webServer.pipe(Layer.provideMerge(world(nowhere))), { excludeTestServices: true })("without a database", (it) => {
  it.effect("webhooks are answered with 503 and when to come back, whatever they are", () =>
    Effect.gen(function* () {
      const tokens = yield* UrlTokens
      const token = tokens.sign("call", "01900000-0000-7000-8000-000000000000")
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

/** Cuts the service off from its database, and lets it back. */
const outage = Effect.fnUntraced(function* (server: string, url: string) {
  const admin = yield* PgClient.make({ url: Redacted.make(server), maxConnections: 1 }).pipe(
    Effect.provide(Reactivity.layer)
  )
  const name = new URL(url).pathname.slice(1)
  return {
    begin: Effect.andThen(
      admin`ALTER DATABASE ${admin(name)} ALLOW_CONNECTIONS false`,
      admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
    ),
    end: admin`ALTER DATABASE ${admin(name)} ALLOW_CONNECTIONS true`
  }
})

const scenario = Effect.fnUntraced(function* (server: string, url: string) {
  const database = yield* outage(server, url)
  const commands = yield* CallCommands
  const tenant = yield* makeTenant()
  assert.isDefined((yield* Effect.flatMap(inbound(tenant, "CA-before"), told)).connect)
  yield* database.begin
  assert.strictEqual((yield* inbound(tenant, "CA-during")).status, 503)
  yield* database.end
  // The carrier delivers it again, and it is one call.
  const again = yield* eventually(inbound(tenant, "CA-during"), ({ status }) => status === 200)
  assert.isDefined((yield* told(again)).connect)
  assert.strictEqual(yield* allCalls(tenant), 2)

  // This node hears commands again: one that another node sends comes through.
  const { id } = yield* begin(tenant)
  const tickets = yield* Tickets
  yield* tickets.consume(yield* tickets.issue(id))
  yield* commands.serve(id, ({ _tag }) => Effect.succeed({ ok: true, detail: _tag }))
  const elsewhere = yield* Layer.build(Layer.fresh(CallCommands.layer).pipe(Layer.provide(Layer.fresh(Node.layer))))
  const sending = Effect.provide(
    CallCommands.use((there) => there.send(id, { _tag: "HangUp", drain: false })),
    elsewhere
  )
  assert.deepStrictEqual(yield* Effect.retry(sending, { times: 2 }), { ok: true, detail: "HangUp" })
}, Effect.scoped)

describe("a database that went away and came back", () => {
  standalone.live.skipIf(postgresUrl === undefined)(`loses no call and no command${needsPostgres}`, () =>
    Effect.gen(function* () {
      const server = postgresUrl ?? ""
      const url = yield* temporaryDatabase(server)
      const database = Layer.effectDiscard(migrate).pipe(
        Layer.provideMerge(Database.server(Redacted.make(url))),
        Layer.orDie
      )
      yield* Effect.provide(scenario(server, url), webServer.pipe(Layer.provideMerge(world(database))))
    }).pipe(Effect.scoped)
  )
})
