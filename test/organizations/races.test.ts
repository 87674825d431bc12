import { PgClient } from "@effect/sql-pg"
import { assert, describe, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted, Schedule } from "effect"
import { AgentStore } from "../../src/organizations/AgentStore.ts"
import { ApiKeys } from "../../src/organizations/ApiKeys.ts"
import { organizationServices } from "../support/apiServer.ts"
import { needsPostgres, embeddedDatabase, postgresUrl, serverDatabase } from "../support/database.ts"

/** Only a server runs transactions side by side; the embedded database has one session. */
const database = postgresUrl === undefined ? embeddedDatabase : serverDatabase(postgresUrl)

const newTenant = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const id = crypto.randomUUID()
  yield* sql`INSERT INTO organizations (id, name) VALUES (${id}, 'Test')`
  return id
})

/** Runs `writer` in a transaction that commits only when `other`, started within it, waits for one of its locks. */
const overtaking = <A, E, R, B, E2, R2>(writer: Effect.Effect<A, E, R>, other: Effect.Effect<B, E2, R2>) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const waiting = sql`SELECT 1 FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()
      AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
    // Outside of the transaction, or it would run on the transaction's connection.
    const start = yield* Deferred.make<void>()
    const fiber = yield* Effect.forkChild(Effect.andThen(Deferred.await(start), Effect.result(other)))
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* writer
        yield* Deferred.succeed(start, undefined)
        yield* Effect.repeat(waiting, {
          until: (rows) => rows.length > 0,
          schedule: Schedule.spaced("5 millis")
        }).pipe(Effect.timeout("5 seconds"))
      })
    )
    return yield* Fiber.join(fiber)
  })

describe.skipIf(postgresUrl === undefined)(`races that one transaction must lose${needsPostgres}`, () => {
  layer(organizationServices(database, []).pipe(Layer.orDie), { excludeTestServices: true })((it) => {
    it.effect("an agent is not deleted while a number takes it", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const store = yield* AgentStore
        const organizationId = yield* newTenant
        const settings = Redacted.make({ url: "wss://agent.example/" })
        const { row } = yield* store.create(organizationId, { name: "Bot", kind: "fake-agent", settings })
        const [configurationId, numberId] = [crypto.randomUUID(), crypto.randomUUID()]
        yield* sql`INSERT INTO telephony_configurations (id, organization_id, name, provider, account_id, credentials)
          VALUES (${configurationId}, ${organizationId}, 'Main', 'fake-carrier', 'AC1', '{}')`
        const take = sql`INSERT INTO telephony_phone_numbers (id, organization_id, telephony_configuration_id, provider,
            account_id, address, address_normalized, address_type, agent_id)
          VALUES (${numberId}, ${organizationId}, ${configurationId}, 'fake-carrier', 'AC1', '+14155550100',
            '+14155550100', 'pstn', ${row.id})`
        const removed = yield* overtaking(take, store.remove(organizationId, row.id))
        assert.strictEqual(removed._tag === "Failure" && removed.failure._tag, "AgentInUse")
      })
    )

    it.effect("two admins who delete each other's key do not lock everybody out", () =>
      Effect.gen(function* () {
        const apiKeys = yield* ApiKeys
        const organizationId = yield* newTenant
        const [one, two] = yield* Effect.forEach(["one", "two"], (name) =>
          apiKeys.create(organizationId, { name, role: "admin" })
        )
        if (one === undefined || two === undefined) return assert.fail("no keys")
        const remove = (id: string) => apiKeys.remove(organizationId, id)
        const removed = yield* overtaking(remove(one.row.id), remove(two.row.id))
        assert.strictEqual(removed._tag === "Failure" && removed.failure._tag, "LastAdminKey")
      })
    )
  })
})
