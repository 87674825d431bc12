import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Schedule } from "effect"
import { ConfigurationCleanup } from "../../src/organizations/ConfigurationCleanup.ts"
import { Configurations } from "../../src/organizations/Configurations.ts"
import { ConfigurationStore } from "../../src/organizations/ConfigurationStore.ts"
import { organizationServices, publicUrl } from "../support/apiServer.ts"
import { databases } from "../support/database.ts"
import { carrierError, fakeCarrier } from "../support/fakeCarrier.ts"

const carrier = fakeCarrier()
const { state } = carrier
const works = state.inbound
const webhook = `${publicUrl}/api/v1/telephony/inbound/fake-carrier`

let account = 0
let line = 100

/** A configuration with one number whose calls come here. */
const setUp = Effect.gen(function* () {
  state.inbound = works
  const sql = yield* PgClient.PgClient
  const store = yield* ConfigurationStore
  const organizationId = crypto.randomUUID()
  yield* sql`INSERT INTO organizations (id, name) VALUES (${organizationId}, 'Test')`
  const accountId = `AC${account++}`
  const config = Redacted.make({ provider: "fake-carrier", account_sid: accountId, auth_token: "the-token" })
  const { row } = yield* store.create(organizationId, { name: "Main", isDefaultOutbound: true, config })
  const address = `+14155551${line++}`
  yield* attach(organizationId, row.id, accountId, address)
  return { organizationId, id: row.id, address, config, accountId }
})

const attach = Effect.fnUntraced(function* (organizationId: string, id: string, accountId: string, address: string) {
  const sql = yield* PgClient.PgClient
  const agentId = crypto.randomUUID()
  yield* sql`INSERT INTO agents (id, organization_id, name, kind, settings) VALUES (${agentId}, ${organizationId}, ${agentId}, 'fake-agent', '{}')`
  const synced = { desired: webhook, observed: webhook, last_error: null, attempts: 1 }
  yield* sql`INSERT INTO telephony_phone_numbers ${sql.insert({
    id: crypto.randomUUID(),
    organization_id: organizationId,
    telephony_configuration_id: id,
    provider: "fake-carrier",
    account_id: accountId,
    address,
    address_normalized: address,
    address_type: "pstn",
    agent_id: agentId,
    sync_state: sql.json(synced)
  })}`
  state.webhooks.set(address, webhook)
})

const stored = Effect.fnUntraced(function* (id: string) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql`SELECT credentials::text, (SELECT count(*)::int FROM telephony_phone_numbers
    WHERE telephony_configuration_id = ${id}) AS numbers FROM telephony_configurations WHERE id = ${id}`
  return { erased: row?.["credentials"] === "{}", numbers: row?.["numbers"] }
})

const until = (id: string, expected: Effect.Success<ReturnType<typeof stored>>) =>
  Effect.repeat(stored(id), {
    until: (now) => now.erased === expected.erased && now.numbers === expected.numbers,
    schedule: Schedule.spaced("10 millis")
  }).pipe(Effect.timeout("10 seconds"))

const done = { erased: true, numbers: 0 }

for (const [name, database] of databases) {
  layer(organizationServices(database, [carrier.spec]), { excludeTestServices: true })(`Deleting on ${name}`, (it) => {
    it.effect("detaches the numbers in the background, then erases the credentials", () =>
      Effect.gen(function* () {
        const store = yield* ConfigurationStore
        const { address, id, organizationId } = yield* setUp
        yield* store.remove(organizationId, id)
        yield* until(id, done)
        assert.isFalse(state.webhooks.has(address))
        const load = Configurations.use((configurations) => configurations.load(id))
        assert.strictEqual((yield* Effect.flip(load))._tag, "ConfigurationNotFound")
      })
    )

    it.effect("goes on later where the carrier was away, with the credentials kept until then", () =>
      Effect.gen(function* () {
        const store = yield* ConfigurationStore
        const cleanup = yield* ConfigurationCleanup
        const { address, id, organizationId } = yield* setUp
        state.inbound = () => Effect.fail(carrierError("unavailable", "The carrier is down."))
        yield* store.remove(organizationId, id)
        assert.isAtLeast(yield* cleanup.sweep, 1)
        assert.deepStrictEqual(yield* stored(id), { erased: false, numbers: 1 })
        const configurations = yield* Configurations
        assert.isTrue((yield* configurations.load(id)).inactive, "live calls can still be ended")
        state.inbound = works
        assert.strictEqual(yield* cleanup.sweep, 0)
        yield* until(id, done)
        assert.isFalse(state.webhooks.has(address))
      })
    )

    it.effect("gives up on the carrier after a day, but never on a live call", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const store = yield* ConfigurationStore
        const cleanup = yield* ConfigurationCleanup
        const { id, organizationId } = yield* setUp
        const callId = crypto.randomUUID()
        yield* sql`INSERT INTO calls (id, organization_id, telephony_configuration_id, mode, direction, from_address,
            to_address, status, deadline_at)
          VALUES (${callId}, ${organizationId}, ${id}, 'fake-carrier', 'inbound', '+1', '+2', 'in-progress', now())`
        state.inbound = () => Effect.fail(carrierError("credentials", "The token is wrong."))
        yield* store.remove(organizationId, id)
        yield* sql`UPDATE telephony_configurations SET deleted_at = now() - interval '25 hours' WHERE id = ${id}`
        assert.strictEqual(yield* cleanup.sweep, 1)
        assert.strictEqual((yield* stored(id)).erased, false)
        yield* sql`UPDATE calls SET status = 'completed', ended_at = now(), end_reason = 'agent_ended', end_owner = 'agent'
          WHERE id = ${callId}`
        assert.strictEqual(yield* cleanup.sweep, 0)
        yield* until(id, done)
      })
    )

    it.effect("leaves a number's webhook to the configuration that took the number over", () =>
      Effect.gen(function* () {
        const store = yield* ConfigurationStore
        const cleanup = yield* ConfigurationCleanup
        const { accountId, address, config, id, organizationId } = yield* setUp
        state.inbound = () => Effect.fail(carrierError("unavailable", "The carrier is down."))
        yield* store.remove(organizationId, id)
        yield* cleanup.sweep
        const { row } = yield* store.create(organizationId, { name: "Again", isDefaultOutbound: false, config })
        yield* attach(organizationId, row.id, accountId, address)
        state.inbound = works
        state.changes.length = 0
        yield* cleanup.sweep
        yield* until(id, done)
        assert.strictEqual(state.webhooks.get(address), webhook)
        assert.isFalse(state.changes.some((change) => change.address === address && change.webhookUrl === undefined))
      })
    )
  })
}
