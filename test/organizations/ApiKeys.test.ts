import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { ApiKeys } from "../../src/organizations/ApiKeys.ts"
import { Settings } from "../../src/Settings.ts"
import { testSettings } from "../support/apiServer.ts"
import { databases } from "../support/database.ts"

const withKey = (key: string) =>
  Layer.effect(
    Settings,
    Effect.map(Settings, (settings) => ({ ...settings, apiKey: Option.some(Redacted.make(key)) }))
  ).pipe(Layer.provide(testSettings))

const onEmptyDatabase = (settings: Layer.Layer<Settings>) =>
  ApiKeys.layer.pipe(
    Layer.provide(settings),
    Layer.provide(Layer.effectDiscard(Effect.flatMap(PgClient.PgClient, (sql) => sql`TRUNCATE organizations CASCADE`)))
  )

for (const [name, database] of databases) {
  layer(database)(`ApiKeys on ${name}`, (it) => {
    it.effect("makes the first organization and one admin key, however many nodes start at once", () =>
      Effect.gen(function* () {
        const apiKeys = yield* ApiKeys
        const sql = yield* PgClient.PgClient
        const nodes = [1, 2, 3, 4, 5, 6]
        const atOnce = { concurrency: "unbounded" } as const
        // Connections that are open already, so that they really start at once.
        yield* Effect.forEach(nodes, () => sql`SELECT pg_sleep(0.05)`, atOnce)
        const made = yield* Effect.forEach(nodes, () => apiKeys.bootstrap, atOnce)
        const [first, ...more] = made.flatMap(Option.toArray)
        assert.deepStrictEqual(more, [])
        if (first === undefined) return assert.fail("no key")
        assert.isTrue(first.isGenerated)
        assert.notInclude(JSON.stringify(first), "sb_")
        const owner = Option.getOrThrow(yield* apiKeys.authenticate(first.key))
        assert.strictEqual(owner.role, "admin")
        const rows = yield* sql`SELECT id, name FROM organizations`
        assert.deepStrictEqual(rows, [{ id: owner.organizationId, name: "Default" }])
        assert.isTrue(Option.isNone(yield* apiKeys.bootstrap))
        // 43 characters of base64url hold 256 bits.
        assert.match(Redacted.value(first.key), /^sb_[A-Za-z0-9_-]{43}$/)
      }).pipe(Effect.provide(onEmptyDatabase(testSettings)))
    )

    it.effect("takes the key of the settings, and stores neither it nor much of it", () =>
      Effect.gen(function* () {
        const apiKeys = yield* ApiKeys
        const sql = yield* PgClient.PgClient
        const first = Option.getOrThrow(yield* apiKeys.bootstrap)
        assert.deepStrictEqual([Redacted.value(first.key), first.isGenerated], ["chosen-by-operator", false])
        const rows = yield* sql`SELECT key_prefix, encode(key_hash, 'hex') AS hash FROM api_keys`
        assert.strictEqual(rows[0]?.["key_prefix"], "cho")
        assert.match(String(rows[0]?.["hash"]), /^[0-9a-f]{64}$/)
        assert.isTrue(Option.isNone(yield* apiKeys.authenticate(Redacted.make("chosen-by-operato"))))
      }).pipe(Effect.provide(onEmptyDatabase(withKey("chosen-by-operator"))))
    )

    it.effect("notes the use of a key at most once a minute", () =>
      Effect.gen(function* () {
        const apiKeys = yield* ApiKeys
        const sql = yield* PgClient.PgClient
        const { key } = Option.getOrThrow(yield* apiKeys.bootstrap)
        const used = Effect.map(
          sql<{ readonly at: string | null }>`SELECT last_used_at::text AS at FROM api_keys`,
          ([row]) => row?.at
        )
        assert.isNull(yield* used)
        yield* apiKeys.authenticate(key)
        const first = yield* used
        assert.isString(first)
        yield* apiKeys.authenticate(key)
        assert.strictEqual(yield* used, first)
        yield* sql`UPDATE api_keys SET last_used_at = now() - interval '61 seconds'`
        const earlier = yield* used
        yield* apiKeys.authenticate(key)
        assert.notStrictEqual(yield* used, earlier)
      }).pipe(Effect.provide(onEmptyDatabase(testSettings)))
    )
  })
}
