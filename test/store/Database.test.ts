import { assert, layer } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, Queue, Schema, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { uuidV7 } from "../../src/store/Ids.ts"
import { migrate } from "../../src/store/migrations.ts"
import { databases } from "../support/database.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const addOrganization = Effect.fnUntraced(function* (name: string) {
  const sql = yield* SqlClient.SqlClient
  const id = yield* uuidV7
  yield* sql`INSERT INTO organizations ${sql.insert({ id, name })}`
  return id
})

const countOf = Effect.fnUntraced(function* (name: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly n: bigint }>`SELECT count(*) AS n FROM organizations WHERE name = ${name}`
  return Number(rows[0]?.n)
})

for (const [name, database] of databases) {
  layer(database, { excludeTestServices: true })(`Database on ${name}`, (it) => {
    it.effect("is up to date, and migrating again does nothing", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* migrate, [])
        assert.deepStrictEqual(yield* sql`SELECT count(*) AS n FROM calls`, [{ n: 0n }])
      })
    )

    it.effect("gives and takes the types that the rooms rely on", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const pg = yield* PgClient.PgClient
        const settings = { a: [1, "zwei", null], "b.c": { d: true }, quote: `'"\\` }
        const organization_id = yield* addOrganization("types")
        const id = yield* uuidV7
        const created_at = new Date(1_700_000_000_123)
        yield* sql`INSERT INTO agents ${sql.insert({ id, organization_id, name: "ä😀", kind: "echo", settings: pg.json(settings), created_at })}`
        const rows = yield* sql`SELECT id, name, settings, version, created_at FROM agents WHERE id = ${id}`
        assert.deepStrictEqual(rows, [{ id, name: "ä😀", settings, version: 1, created_at }])
        const lists =
          yield* sql`UPDATE organizations SET allowed_prefixes = ${["+49", "+1"]} WHERE id = ${organization_id}
          RETURNING allowed_prefixes, premium_rate_allowed`
        assert.deepStrictEqual(lists, [{ allowed_prefixes: ["+49", "+1"], premium_rate_allowed: false }])
        const call_id = yield* uuidV7
        const error =
          yield* sql`INSERT INTO media_tickets ${sql.insert({ ticket_hash: Uint8Array.of(0, 255, 7), call_id, expires_at: created_at })}`.pipe(
            Effect.flip
          )
        assert.strictEqual(error.reason._tag, "ConstraintError")
      })
    )

    it.effect("names the constraint that a duplicate violates", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const id = yield* addOrganization("once")
        const error = yield* sql`INSERT INTO organizations ${sql.insert({ id, name: "twice" })}`.pipe(Effect.flip)
        assert.strictEqual(error.reason._tag, "UniqueViolation")
        assert.strictEqual(yield* countOf("twice"), 0)
      })
    )

    it.effect("keeps all of a transaction or nothing", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* addOrganization("failed").pipe(Effect.andThen(new Refused()), sql.withTransaction, Effect.flip)
        assert.strictEqual(yield* countOf("failed"), 0)
        yield* addOrganization("outer").pipe(
          Effect.andThen(
            addOrganization("inner").pipe(Effect.andThen(new Refused()), sql.withTransaction, Effect.ignore)
          ),
          sql.withTransaction
        )
        assert.deepStrictEqual([yield* countOf("outer"), yield* countOf("inner")], [1, 0])
      })
    )

    it.effect("keeps concurrent transactions apart, interrupted ones too", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const attempt = (index: number) =>
          Effect.gen(function* () {
            yield* addOrganization(`pair ${index}`)
            yield* Effect.yieldNow
            yield* addOrganization(`pair ${index}`)
          }).pipe(sql.withTransaction)
        const fibers = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, index) => index),
          (index) => Effect.forkChild(attempt(index))
        )
        yield* countOf("pair 0")
        yield* Effect.forEach(fibers, (fiber, index) => (index % 3 === 0 ? Fiber.interrupt(fiber) : Effect.void))
        const done = yield* Effect.forEach(fibers, (fiber) => Fiber.await(fiber))
        const counts = yield* Effect.forEach(fibers, (_, index) => countOf(`pair ${index}`))
        for (const [index, exit] of done.entries()) {
          if (exit._tag === "Success") assert.strictEqual(counts[index], 2)
          else assert.include([0, 2], counts[index]) // an interruption may come after the commit
        }
        assert.isAtLeast(counts.filter((count) => count === 2).length, 20)
      })
    )

    it.effect("carries notifications, from inside a transaction when it commits", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const pg = yield* PgClient.PgClient
        const messages = yield* pg.listen("room")
        yield* pg.notify("room", "first")
        yield* sql.withTransaction(sql`SELECT pg_notify('room', ${"second"})`)
        const heard = yield* Effect.forEach([1, 2], () => Queue.take(messages))
        assert.deepStrictEqual(
          heard.map(({ payload }) => payload),
          ["first", "second"]
        )
      })
    )

    it.effect("streams rows while other queries run", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const rows = sql`SELECT n FROM generate_series(1, 3000) AS n`.stream.pipe(
          Stream.mapEffect((row) => Effect.as(row["n"] === 1500 ? countOf("none") : Effect.void, row)),
          Stream.runCount
        )
        const others = Effect.forEach(Array.from({ length: 50 }), () => countOf("none"), { concurrency: 8 })
        const [count] = yield* Effect.all([rows, others], { concurrency: "unbounded" })
        assert.strictEqual(count, 3000)
      })
    )

    it.effect("survives a statement with a syntax error and one with a huge value", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const error = yield* sql`SELEC 1`.pipe(Effect.flip)
        assert.strictEqual(error.reason._tag, "SqlSyntaxError")
        const text = "x".repeat(3_000_000)
        assert.deepStrictEqual(yield* sql`SELECT length(${text}::text) AS n`, [{ n: 3_000_000 }])
      })
    )
  })
}
