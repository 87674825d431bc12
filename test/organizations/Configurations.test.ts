import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { Agents } from "../../src/organizations/Agents.ts"
import { AgentStore } from "../../src/organizations/AgentStore.ts"
import { Configurations } from "../../src/organizations/Configurations.ts"
import { ConfigurationStore } from "../../src/organizations/ConfigurationStore.ts"
import { PhoneNumberStore } from "../../src/organizations/PhoneNumberStore.ts"
import { PhoneNumbers } from "../../src/organizations/PhoneNumbers.ts"
import { organizationServices } from "../support/apiServer.ts"
import { databases } from "../support/database.ts"
import { fakeCarrier } from "../support/fakeCarrier.ts"

const carrier = fakeCarrier()
const { state } = carrier

const newTenant = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const id = crypto.randomUUID()
  yield* sql`INSERT INTO organizations (id, name, default_country) VALUES (${id}, 'Test', 'US')`
  return id
})

let account = 0
const credentials = (more: Record<string, string> = {}) =>
  Redacted.make({
    provider: "fake-carrier",
    account_sid: `AC${account++}`,
    auth_token: "first-token",
    region: "eu",
    ...more
  })

const newConfiguration = (organizationId: string, name: string, config = credentials(), isDefaultOutbound = false) =>
  ConfigurationStore.use((store) => store.create(organizationId, { name, isDefaultOutbound, config })).pipe(
    Effect.map(({ row }) => row)
  )

let line = 100
const newNumber = (
  organizationId: string,
  configurationId: string,
  options: { readonly address?: string; readonly isDefaultCallerId?: boolean; readonly isActive?: boolean } = {}
) =>
  PhoneNumberStore.use((store) =>
    store.create(
      { organizationId, configurationId },
      {
        address: options.address ?? `+14155550${line++}`,
        addressType: undefined,
        countryCode: undefined,
        label: undefined,
        agentId: undefined,
        isActive: options.isActive ?? true,
        isDefaultCallerId: options.isDefaultCallerId ?? false
      }
    )
  ).pipe(Effect.map(({ number }) => number))

for (const [name, database] of databases) {
  layer(organizationServices(database, [carrier.spec]))(`Configurations on ${name}`, (it) => {
    it.effect("load by id, with the organization and provider that the caller expects", () =>
      Effect.gen(function* () {
        const configurations = yield* Configurations
        const organizationId = yield* newTenant
        const { id } = yield* newConfiguration(organizationId, "Main")
        const loaded = yield* configurations.load(id, { organizationId, provider: "fake-carrier" })
        assert.deepStrictEqual([loaded.id, loaded.name, loaded.inactive], [id, "Main", false])
        assert.strictEqual(loaded.spec, carrier.spec)
        const wrong = yield* Effect.flip(configurations.load(id, { provider: "other" }))
        assert.strictEqual(wrong._tag, "WrongProvider")
        for (const expected of [
          configurations.load(id, { organizationId: crypto.randomUUID() }),
          configurations.load(crypto.randomUUID()),
          configurations.load("nonsense")
        ]) {
          assert.strictEqual((yield* Effect.flip(expected))._tag, "ConfigurationNotFound")
        }
      })
    )

    it.effect("make the account once, and anew at once after a rotation or a change of numbers", () =>
      Effect.gen(function* () {
        const configurations = yield* Configurations
        const store = yield* ConfigurationStore
        const organizationId = yield* newTenant
        const { id } = yield* newConfiguration(organizationId, "Main")
        const load = Effect.map(configurations.load(id), ({ provider }) => provider)
        const first = yield* load
        const made = state.made
        assert.strictEqual(yield* load, first)
        assert.strictEqual(state.made, made)
        const config = Redacted.make({ auth_token: "second-token" })
        yield* store.save(organizationId, id, {
          version: 1,
          name: undefined,
          isDefaultOutbound: undefined,
          config,
          mode: "merge"
        })
        assert.notStrictEqual(yield* load, first)
        assert.strictEqual(state.tokens.at(-1), "second-token")
        const second = yield* load
        yield* newNumber(organizationId, id)
        assert.notStrictEqual(yield* load, second)
      })
    )

    it.effect("are candidates for the account that a webhook claims, in all organizations, parked ones too", () =>
      Effect.gen(function* () {
        const configurations = yield* Configurations
        const store = yield* ConfigurationStore
        const sql = yield* PgClient.PgClient
        const config = credentials()
        const [mine, theirs] = [yield* newTenant, yield* newTenant]
        const one = yield* newConfiguration(mine, "One", config)
        const two = yield* newConfiguration(theirs, "Two", config)
        const broken = yield* newConfiguration(theirs, "Broken", config)
        const gone = yield* newConfiguration(theirs, "Gone", config)
        yield* store.park(two.id, "Too many failures.")
        yield* store.remove(theirs, gone.id)
        yield* sql`UPDATE telephony_configurations SET credentials = '{"auth_token": 5}' WHERE id = ${broken.id}`
        const found = yield* configurations.candidates("fake-carrier", one.account_id)
        assert.deepStrictEqual(
          found.map(({ id, inactive }) => [id, inactive]),
          [
            [one.id, false],
            [two.id, true]
          ]
        )
        assert.deepStrictEqual(yield* configurations.candidates("fake-carrier", "AC-unknown"), [])
        const failure = yield* Effect.flip(configurations.load(broken.id))
        assert.strictEqual(failure._tag, "InvalidCredentials")
      })
    )

    it.effect("for an outbound call are the explicit one, else the default, else the first that is ready", () =>
      Effect.gen(function* () {
        const { forOutbound } = yield* Configurations
        const store = yield* ConfigurationStore
        const organizationId = yield* newTenant
        const blocked = (id?: string) =>
          Effect.map(Effect.flip(forOutbound(organizationId, id)), (error) =>
            error._tag === "NoConfigurationReady" ? error.message : error._tag
          )
        assert.strictEqual(yield* blocked(), "Add a telephony configuration first.")
        const { account_sid, auth_token, provider } = Redacted.value(credentials())
        const first = yield* newConfiguration(
          organizationId,
          "First",
          Redacted.make({ provider, account_sid, auth_token, region: "eu" })
        )
        assert.strictEqual(yield* blocked(), 'Configuration "First": Add an active phone number to call from.')
        const incomplete = yield* newConfiguration(
          organizationId,
          "Incomplete",
          Redacted.make({ provider, account_sid: "AC77", auth_token, region: "eu" })
        )
        const change = { name: undefined, isDefaultOutbound: undefined, mode: "merge" } as const
        yield* store.save(organizationId, incomplete.id, {
          ...change,
          version: 1,
          config: Redacted.make({ region: null })
        })
        assert.strictEqual(yield* blocked(incomplete.id), 'Configuration "Incomplete": Choose a region.')
        const second = yield* newConfiguration(organizationId, "Second")
        yield* newNumber(organizationId, second.id)
        assert.strictEqual((yield* forOutbound(organizationId)).id, second.id)
        yield* newNumber(organizationId, first.id)
        assert.strictEqual((yield* forOutbound(organizationId)).id, first.id)
        yield* store.setDefaultOutbound(organizationId, second.id)
        assert.strictEqual((yield* forOutbound(organizationId)).id, second.id)
        assert.strictEqual((yield* forOutbound(organizationId, first.id)).id, first.id)
        yield* store.park(second.id, "The carrier closed the account.")
        assert.include(yield* blocked(second.id), "The carrier closed the account.")
        assert.strictEqual((yield* forOutbound(organizationId)).id, first.id)
        assert.strictEqual(yield* blocked(crypto.randomUUID()), "ConfigurationNotFound")
        yield* store.remove(organizationId, first.id)
        assert.strictEqual(yield* blocked(first.id), "ConfigurationNotFound")
      })
    )

    it.effect("find the number that was called however the carrier writes it, and the caller id", () =>
      Effect.gen(function* () {
        const numbers = yield* PhoneNumbers
        const organizationId = yield* newTenant
        const { id } = yield* newConfiguration(organizationId, "Main")
        const one = yield* newNumber(organizationId, id, { address: "+14155559001" })
        const two = yield* newNumber(organizationId, id, { address: "+14155559002", isDefaultCallerId: true })
        const off = yield* newNumber(organizationId, id, { address: "+14155559003", isActive: false })
        const sip = yield* newNumber(organizationId, id, { address: "sip:Desk@pbx.example" })
        const calledId = (address: string) =>
          Effect.map(numbers.called(id, address), (found) => Option.getOrUndefined(found)?.id)
        for (const written of ["+14155559001", "14155559001", "(415) 555-9001", "0014155559001", "tel:+14155559001"]) {
          assert.strictEqual(yield* calledId(written), one.id, written)
        }
        assert.strictEqual(yield* calledId("SIP:Desk@PBX.example;transport=tls"), sip.id)
        assert.isUndefined(yield* calledId("sip:desk@pbx.example"))
        assert.isUndefined(yield* calledId("+14155559003"))
        assert.isUndefined(yield* calledId("'; DROP TABLE calls; --"))
        const callerId = (phoneNumberId?: string) =>
          Effect.map(numbers.callerId(id, phoneNumberId), (found) => Option.getOrUndefined(found)?.id)
        assert.strictEqual(yield* callerId(), two.id)
        assert.strictEqual(yield* callerId(one.id), one.id)
        assert.isUndefined(yield* callerId(off.id))
        assert.isUndefined(yield* callerId("nonsense"))
      })
    )

    it.effect("let one of two writers win, in whatever order they come", () =>
      Effect.gen(function* () {
        const store = yield* ConfigurationStore
        const organizationId = yield* newTenant
        const { id } = yield* newConfiguration(organizationId, "Main")
        const save = (n: number) =>
          store.save(organizationId, id, {
            version: 1,
            name: `Writer ${n}`,
            isDefaultOutbound: true,
            config: undefined,
            mode: "merge"
          })
        const results = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => Effect.result(save(n)), {
          concurrency: "unbounded"
        })
        assert.strictEqual(results.filter(({ _tag }) => _tag === "Success").length, 1)
        const all = yield* Effect.forEach(
          [1, 2, 3],
          (n) => newConfiguration(organizationId, `Default ${n}`, credentials(), true),
          {
            concurrency: "unbounded"
          }
        )
        assert.strictEqual(all.length, 3)
        const { items } = yield* store.list(organizationId, { limit: 10, after: undefined })
        assert.strictEqual(items.filter(({ row }) => row.is_default_outbound).length, 1)
      })
    )

    it.effect("never lose an agent that a number takes at the moment of its deletion", () =>
      Effect.gen(function* () {
        const agentStore = yield* AgentStore
        const numbers = yield* PhoneNumberStore
        const organizationId = yield* newTenant
        const { id: configurationId } = yield* newConfiguration(organizationId, "Main")
        const owner = { organizationId, configurationId }
        const change = {
          version: 1,
          address: undefined,
          label: undefined,
          isActive: true,
          isDefaultCallerId: undefined
        }
        for (let n = 0; n < 10; n++) {
          const number = yield* newNumber(organizationId, configurationId)
          const { row } = yield* agentStore.create(organizationId, {
            name: `Bot ${n}`,
            kind: "fake-agent",
            settings: Redacted.make({ url: "wss://x" })
          })
          const [taken, removed] = yield* Effect.all(
            [
              Effect.result(numbers.replace(owner, number.id, { ...change, agentId: row.id })),
              Effect.result(agentStore.remove(organizationId, row.id))
            ],
            { concurrency: "unbounded" }
          )
          assert.sameMembers([taken._tag, removed._tag], ["Success", "Failure"])
        }
      })
    )

    it.effect("give agents their settings in the clear, to their own organization", () =>
      Effect.gen(function* () {
        const agents = yield* Agents
        const store = yield* AgentStore
        const organizationId = yield* newTenant
        const settings = { url: "wss://agent.example/", secret: "a-shared-secret" }
        const { row } = yield* store.create(organizationId, {
          name: "Bot",
          kind: "fake-agent",
          settings: Redacted.make(settings)
        })
        const loaded = yield* agents.load(organizationId, row.id)
        assert.deepStrictEqual(Redacted.value(loaded.settings), settings)
        assert.notInclude(JSON.stringify(loaded), "a-shared-secret")
        for (const load of [agents.load(yield* newTenant, row.id), agents.load(organizationId, "nonsense")]) {
          assert.strictEqual((yield* Effect.flip(load))._tag, "AgentNotFound")
        }
      })
    )
  })
}
