import { createServer } from "node:net"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schedule } from "effect"
import { Reactivity } from "effect/reactivity"
import * as Database from "../../src/store/Database.ts"
import { apiServer, at, clientOf, newOrganization } from "../support/apiServer.ts"
import { migrate } from "../../src/store/migrations.ts"
import { needsPostgres, postgresUrl, temporaryDatabase } from "../support/database.ts"

/** A port where nobody listens. */
const deadPort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const isAway = (answer: { readonly status: number; readonly headers: Readonly<Record<string, string>> }) => {
  assert.strictEqual(answer.status, 503)
  assert.strictEqual(answer.headers["content-type"], "application/problem+json")
  assert.strictEqual(answer.headers["retry-after"], "5")
}

describe("a database that is away", () => {
  it.live("is a retryable answer, not a crash", () =>
    Effect.gen(function* () {
      const port = yield* deadPort
      const database = Database.server(Redacted.make(`postgres://nobody@127.0.0.1:${port}/none`))
      yield* Effect.gen(function* () {
        const client = yield* clientOf(Redacted.make("sb_any"))
        for (let n = 0; n < 3; n++) {
          const answer = yield* client.get("current")
          isAway(answer)
          assert.strictEqual(at(answer, "code"), "database_unavailable")
        }
        assert.strictEqual((yield* client.get("/openapi.json")).status, 200)
      }).pipe(Effect.provide(apiServer(Layer.orDie(database), [])))
    })
  )

  it.live.skipIf(postgresUrl === undefined)(`is used again when it is back${needsPostgres}`, () =>
    Effect.gen(function* () {
      const server = postgresUrl ?? ""
      const url = yield* temporaryDatabase(server)
      const name = new URL(url).pathname.slice(1)
      const database = Layer.effectDiscard(migrate).pipe(
        Layer.provideMerge(Database.server(Redacted.make(url))),
        Layer.orDie
      )
      yield* Effect.gen(function* () {
        const { viewer } = yield* newOrganization()
        const admin = yield* PgClient.make({ url: Redacted.make(server), maxConnections: 1 }).pipe(
          Effect.provide(Reactivity.layer)
        )
        assert.strictEqual((yield* viewer.get("current")).status, 200)
        yield* admin`ALTER DATABASE ${admin(name)} ALLOW_CONNECTIONS false`
        yield* admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`
        isAway(yield* viewer.get("current"))
        isAway(yield* viewer.post("agents", { name: "x", kind: "fake-agent", settings: {} }))
        yield* admin`ALTER DATABASE ${admin(name)} ALLOW_CONNECTIONS true`
        const back = yield* viewer
          .get("current")
          .pipe(
            Effect.repeat({ until: ({ status }) => status === 200, schedule: Schedule.spaced("50 millis") }),
            Effect.timeout("10 seconds")
          )
        assert.strictEqual(back.status, 200)
      }).pipe(Effect.provide(apiServer(database, [])))
    }).pipe(Effect.scoped)
  )
})
