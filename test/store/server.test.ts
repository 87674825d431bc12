import { createServer, connect as dial, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Deferred, Effect, Fiber, Layer, Queue, Redacted, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { Settings } from "../../src/Settings.ts"
import * as Database from "../../src/store/Database.ts"
import { migrate } from "../../src/store/migrations.ts"
import { needsPostgres, postgresUrl, temporaryDatabase } from "../support/database.ts"

const KEY = Buffer.alloc(32, 7).toString("base64")
const soon = Schedule.max([Schedule.spaced("20 millis"), Schedule.recurs(500)])

/** A way to the server that can be cut and opened again. */
const makeWay = Effect.fnUntraced(function* (url: URL) {
  const sockets = new Set<Socket>()
  let isOpen = true
  const server = createServer((client) => {
    sockets.add(client.on("error", () => client.destroy()).on("close", () => sockets.delete(client)))
    if (!isOpen) return void client.destroy()
    const upstream = dial(Number(url.port || "5432"), url.hostname)
    sockets.add(upstream.on("error", () => client.destroy()).on("close", () => sockets.delete(upstream)))
    client.pipe(upstream)
    upstream.pipe(client)
    client.on("close", () => upstream.destroy())
    upstream.on("close", () => client.destroy())
  })
  const cut = Effect.sync(() => {
    isOpen = false
    for (const socket of sockets) socket.destroy()
  })
  const mend = Effect.sync(() => {
    isOpen = true
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.andThen(
        cut,
        Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
  )
  const address = server.address()
  const through = new URL(url)
  through.hostname = "127.0.0.1"
  through.port = String(typeof address === "object" ? address?.port : "")
  return { url: through.href, cut, mend }
})

const serviceLayer = (url: string) =>
  Database.layer.pipe(Layer.provide(Settings.test({ DATABASE_URL: url, SWITCHBOARD_ENCRYPTION_KEY: KEY })))

describe.skipIf(postgresUrl === undefined)(`a PostgreSQL server${needsPostgres}`, () => {
  const freshUrl = temporaryDatabase(postgresUrl ?? "")

  it.live("that goes away fails what is under way and what comes, and works again when it is back", () =>
    Effect.gen(function* () {
      const way = yield* makeWay(new URL(yield* freshUrl))
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const pg = yield* PgClient.PgClient
        yield* sql`CREATE TABLE kept (n int)`
        yield* sql`INSERT INTO kept VALUES (1)`
        const messages = yield* pg.listen("room")
        const inserted = yield* Deferred.make<void>()
        const underWay = yield* sql`INSERT INTO kept VALUES (2)`.pipe(
          Effect.andThen(Deferred.succeed(inserted, undefined)),
          Effect.andThen(sql`SELECT pg_sleep(60)`),
          sql.withTransaction,
          Effect.flip,
          Effect.forkChild
        )
        yield* Deferred.await(inserted)
        yield* way.cut
        assert.strictEqual((yield* Fiber.join(underWay))._tag, "SqlError")
        assert.strictEqual((yield* Effect.flip(Queue.take(messages)))._tag, "SqlError")
        const refused = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, n) => n),
          (n) => Effect.flip(sql`SELECT ${n}::int`),
          { concurrency: "unbounded" }
        )
        for (const error of refused) assert.strictEqual(error.reason._tag, "ConnectionError")
        yield* way.mend
        assert.deepStrictEqual(yield* sql`SELECT n FROM kept`.pipe(Effect.retry(soon)), [{ n: 1 }])
        const again = yield* pg.listen("room")
        yield* pg.notify("room", "back")
        assert.strictEqual((yield* Queue.take(again)).payload, "back")
      }).pipe(Effect.scoped, Effect.provide(serviceLayer(way.url)))
    }).pipe(Effect.scoped)
  )

  it.live("that is still starting is waited for", () =>
    Effect.gen(function* () {
      const way = yield* makeWay(new URL(yield* freshUrl))
      yield* way.cut
      const starting = yield* Effect.forkChild(
        SqlClient.SqlClient.use((sql) => sql`SELECT count(*) AS n FROM calls`).pipe(
          Effect.provide(serviceLayer(way.url))
        )
      )
      yield* Effect.yieldNow
      yield* way.mend
      assert.deepStrictEqual(yield* Fiber.join(starting), [{ n: 0n }])
    }).pipe(Effect.scoped)
  )

  it.live("that refuses us stops the start with a reason, and without the password", () =>
    Effect.gen(function* () {
      const url = new URL(postgresUrl ?? "")
      url.pathname = "/no_such_database"
      url.password = "hunter2hunter2"
      for (const address of [url.href, `${url.href}?sslmode=bogus`, `${url.href}?options=%00`]) {
        const error = yield* Layer.build(serviceLayer(address)).pipe(Effect.scoped, Effect.flip)
        assert.strictEqual(error._tag, "DatabaseUnreachable")
        assert.include(error.message, "DATABASE_URL")
        assert.notInclude(JSON.stringify(error) + String(error), "hunter2")
      }
    })
  )

  it.live("is brought up to date once by many starts at the same time", () =>
    Effect.gen(function* () {
      const url = Redacted.make(yield* freshUrl)
      const ran = yield* Effect.forEach([1, 2, 3, 4], () => migrate.pipe(Effect.provide(Database.server(url))), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        ran.map((steps) => steps.length).sort((a, b) => a - b),
        [0, 0, 0, (yield* recorded(url)).length]
      )
    }).pipe(Effect.scoped)
  )
})

const recorded = (url: Redacted.Redacted<string>) =>
  SqlClient.SqlClient.use((sql) => sql`SELECT name FROM migrations`).pipe(Effect.provide(Database.server(url)))
