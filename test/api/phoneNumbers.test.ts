import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { apiServer, at, newOrganization, publicUrl, statuses, text, wrongFields } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"
import { carrierError, fakeCarrier } from "../support/fakeCarrier.ts"

const carrier = fakeCarrier()
const { state } = carrier
const works = state.inbound
const owned = state.ownership
let account = 1000
let line = 100

/** A number that no other test has. */
const newNumber = () => `+14155550${line++}`

const reset = Effect.sync(() => {
  state.inbound = works
  state.ownership = owned
  state.changes.length = 0
})

/** An organization with a configuration of an account of its own, and an agent. */
const setUp = Effect.gen(function* () {
  yield* reset
  const organization = yield* newOrganization()
  const config = { provider: "fake-carrier", account_sid: `AC${account++}`, auth_token: "token-of-the-account" }
  const created = yield* organization.admin.post("telephony-configs", { name: "Main", config })
  const agent = yield* organization.admin.post("agents", {
    name: "Answerer",
    kind: "fake-agent",
    settings: { url: "wss://agent.example" }
  })
  const configuration = text(created, "id")
  return {
    ...organization,
    config,
    configuration,
    numbers: `telephony-configs/${configuration}/phone-numbers`,
    agentId: text(agent, "id")
  }
})

const webhook = `${publicUrl}/api/v1/telephony/inbound/fake-carrier`
const synced = { desired: webhook, observed: webhook, in_sync: true, last_error: null, attempts: 1 }

layer(apiServer(embeddedDatabase, [carrier.spec]), { excludeTestServices: true })("phone numbers", (it) => {
  it.effect("are stored in canonical form, read in the organization's country when they are national", () =>
    Effect.gen(function* () {
      const { admin, numbers, operator } = yield* setUp
      const national = yield* operator.post(numbers, { address: "020 7946 0958" })
      assert.deepStrictEqual([national.status, wrongFields(national)], [422, ["address"]])
      yield* admin.patch("current", { version: 1, default_country: "gb" })
      const created = yield* operator.post(numbers, { address: " 020 7946 0958 ", label: "Desk" })
      assert.strictEqual(created.status, 201)
      assert.strictEqual(at(created, "address"), "020 7946 0958")
      assert.strictEqual(at(created, "address_normalized"), "+442079460958")
      assert.strictEqual(at(created, "country_code"), "GB")
      const foreign = yield* operator.post(numbers, { address: "0161 496 0000", country_code: "GB" })
      assert.strictEqual(at(foreign, "address_normalized"), "+441614960000")
      const explicit = yield* operator.post(numbers, { address: "0041 44 668 18 00", country_code: "US" })
      assert.strictEqual(at(explicit, "address_normalized"), "+41446681800")
      const sip = yield* operator.post(numbers, { address: "SIP:Desk@PBX.example", address_type: "sip_uri" })
      assert.strictEqual(at(sip, "address_normalized"), "sip:Desk@pbx.example")
      const extension = yield* operator.post(numbers, { address: "100", address_type: "sip_extension" })
      assert.strictEqual(at(extension, "address_type"), "sip_extension")
      const list = yield* operator.get(`${numbers}?limit=3`)
      assert.strictEqual(at(list, "phone_numbers.2.address_normalized"), "+41446681800")
      const rest = yield* operator.get(`${numbers}?limit=3&cursor=${text(list, "next_cursor")}`)
      assert.strictEqual(at(rest, "phone_numbers.1.address_normalized"), "100")
    })
  )

  it.effect("must belong to the carrier account, when the carrier can tell", () =>
    Effect.gen(function* () {
      const { numbers, operator } = yield* setUp
      state.ownership = () => Effect.succeed("not-owned")
      const refused = yield* operator.post(numbers, { address: newNumber() })
      assert.deepStrictEqual([refused.status, wrongFields(refused)], [422, ["address"]])
      assert.deepStrictEqual(at(yield* operator.get(numbers), "phone_numbers"), [])
      state.ownership = () => Effect.succeed("unknown")
      const unsure = yield* operator.post(numbers, { address: newNumber() })
      assert.deepStrictEqual([unsure.status, at(unsure, "provider_sync.ok")], [201, false])
      state.ownership = () => Effect.fail(carrierError("unavailable", "The carrier is down."))
      const away = yield* operator.post(numbers, { address: newNumber() })
      assert.strictEqual(away.status, 201)
      assert.include(text(away, "provider_sync.message"), "The carrier is down.")
    })
  )

  it.effect("point the carrier's webhook here once they have an agent, and not before", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      const address = newNumber()
      const created = yield* operator.post(numbers, { address })
      assert.deepStrictEqual(state.changes, [])
      const path = `${numbers}/${text(created, "id")}`
      const given = yield* operator.put(path, { version: 1, agent_id: agentId })
      assert.deepStrictEqual(at(given, "provider_sync"), { ok: true, message: "Calls arrive here." })
      assert.deepStrictEqual(at(given, "sync_state"), synced)
      assert.strictEqual(state.webhooks.get(address), webhook)
      assert.deepStrictEqual(state.changes.at(-1), {
        address,
        addressType: "pstn",
        webhookUrl: webhook,
        statusUrl: `${publicUrl}/api/v1/telephony/fake-carrier/number-status`,
        ownUrlPrefix: `${publicUrl}/api/v1/telephony/`
      })
      const relabelled = yield* operator.put(path, { version: 2, agent_id: agentId, label: "Desk" })
      assert.strictEqual(at(relabelled, "label"), "Desk")
      assert.strictEqual(state.changes.length, 1, "nothing changed at the carrier")
      const taken = yield* operator.put(path, { version: 3 })
      assert.deepStrictEqual([at(taken, "agent_id"), at(taken, "label")], [null, null])
      assert.isFalse(state.webhooks.has(address))
      assert.isNull(at(taken, "sync_state.observed"))
    })
  )

  it.effect("are detached when they are made inactive or deleted", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      const address = newNumber()
      const created = yield* operator.post(numbers, { address, agent_id: agentId })
      assert.strictEqual(state.webhooks.get(address), webhook)
      const path = `${numbers}/${text(created, "id")}`
      yield* operator.put(path, { version: 1, agent_id: agentId, is_active: false })
      assert.isFalse(state.webhooks.has(address))
      yield* operator.put(path, { version: 2, agent_id: agentId })
      assert.isTrue(state.webhooks.has(address))
      const removed = yield* operator.delete(path)
      assert.deepStrictEqual([removed.status, at(removed, "provider_sync.ok")], [200, true])
      assert.isFalse(state.webhooks.has(address))
      assert.strictEqual((yield* operator.get(path)).status, 404)
    })
  )

  it.effect("keep a write that the carrier refuses: a warning, stored, and retried by /sync", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      state.inbound = () => Effect.succeed({ ok: false, message: "The number is attached to a trunk." })
      const created = yield* operator.post(numbers, { address: newNumber(), agent_id: agentId })
      assert.strictEqual(created.status, 201)
      assert.deepStrictEqual(at(created, "provider_sync"), { ok: false, message: "The number is attached to a trunk." })
      assert.deepStrictEqual(at(created, "sync_state"), {
        desired: webhook,
        observed: "unknown",
        in_sync: false,
        last_error: "The number is attached to a trunk.",
        attempts: 1
      })
      const path = `${numbers}/${text(created, "id")}`
      state.inbound = () => Effect.fail(carrierError("unavailable", "The carrier is down. Try again."))
      const again = yield* operator.post(`${path}/sync`)
      assert.deepStrictEqual([at(again, "provider_sync.ok"), at(again, "sync_state.attempts")], [false, 2])
      state.inbound = works
      const done = yield* operator.post(`${path}/sync`)
      assert.deepStrictEqual(at(done, "sync_state"), { ...synced, attempts: 3 })
      assert.strictEqual(at(done, "provider_sync.ok"), true)
      state.inbound = () => Effect.fail(carrierError("unavailable", "The carrier is down. Try again."))
      const removed = yield* operator.delete(path)
      assert.deepStrictEqual([removed.status, at(removed, "provider_sync.ok")], [200, false])
      assert.strictEqual((yield* operator.get(path)).status, 404)
    })
  )

  it.effect("show a change whose outcome never arrived, and can be synced again", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      const asked = yield* Deferred.make<void>()
      state.inbound = () => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never)
      const lost = yield* Effect.forkChild(operator.post(numbers, { address: newNumber(), agent_id: agentId }))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(lost)
      const list = yield* operator.get(numbers)
      assert.strictEqual(at(list, "phone_numbers.0.sync_state.desired"), webhook)
      assert.strictEqual(at(list, "phone_numbers.0.sync_state.observed"), "unknown")
      assert.strictEqual(at(list, "phone_numbers.0.sync_state.in_sync"), false)
      state.inbound = works
      const path = `${numbers}/${text(list, "phone_numbers.0.id")}`
      assert.strictEqual(at(yield* operator.post(`${path}/sync`), "sync_state.in_sync"), true)
    })
  )

  it.effect("are deleted to the end, and say what is left to do, when the carrier is down and the client leaves", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      const paths = yield* Effect.forEach([1, 2], () =>
        Effect.map(operator.post(numbers, { address: newNumber(), agent_id: agentId }), (created) => {
          assert.strictEqual(created.status, 201)
          return `${numbers}/${text(created, "id")}`
        })
      )
      const [left = "", told = ""] = paths
      const down = Effect.fail(carrierError("unavailable", "The carrier is down."))
      const asked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      state.inbound = () =>
        Deferred.succeed(asked, undefined).pipe(Effect.andThen(Deferred.await(go)), Effect.andThen(down))
      const leaving = yield* Effect.forkChild(operator.delete(left))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(leaving)
      // Whole requests later, the server has seen the client leave.
      for (let n = 0; n < 3; n++) assert.strictEqual((yield* operator.get(left)).status, 200)
      yield* Deferred.succeed(go, undefined)
      yield* Effect.repeat(Effect.delay(operator.get(left), "10 millis"), { until: ({ status }) => status === 404 })
      state.inbound = () => down
      const removed = yield* operator.delete(told)
      assert.strictEqual(at(removed, "provider_sync.ok"), false)
      assert.match(text(removed, "provider_sync.message"), /^The carrier is down\. .*take the webhook away there/)
      state.inbound = works
    })
  )

  it.effect("are kept when the carrier cannot be reached at all, with a warning for each thing not done", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      state.ownership = () => Effect.fail(carrierError("unavailable", "The carrier cannot be reached."))
      state.inbound = () => Effect.fail(carrierError("unavailable", "The carrier is down."))
      const created = yield* operator.post(numbers, { address: newNumber(), agent_id: agentId })
      state.ownership = () => Effect.succeed("owned")
      state.inbound = works
      assert.deepStrictEqual([created.status, at(created, "provider_sync.ok")], [201, false])
      assert.match(text(created, "provider_sync.message"), /could not be checked.*reached\. The carrier is down\./)
      assert.strictEqual(at(created, "sync_state.last_error"), "The carrier is down.")
      const synced = yield* operator.post(`${numbers}/${text(created, "id")}/sync`)
      assert.strictEqual(at(synced, "sync_state.in_sync"), true)
    })
  )

  it.effect("end as the last writer wanted, however slow the carrier was for the first", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      const address = newNumber()
      const created = yield* operator.post(numbers, { address })
      const path = `${numbers}/${text(created, "id")}`
      const asked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      state.inbound = (change) =>
        change.webhookUrl === undefined
          ? works(change)
          : Deferred.succeed(asked, undefined).pipe(Effect.andThen(Deferred.await(go)), Effect.andThen(works(change)))
      const slow = yield* Effect.forkChild(operator.put(path, { version: 1, agent_id: agentId }))
      yield* Deferred.await(asked)
      yield* operator.put(path, { version: 2 })
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(slow)
      assert.isFalse(state.webhooks.has(address))
      assert.strictEqual(at(yield* operator.get(path), "sync_state.in_sync"), true)
    })
  )

  it.effect("are active once per carrier account, in all organizations", () =>
    Effect.gen(function* () {
      const mine = yield* setUp
      const theirs = yield* newOrganization()
      const copy = yield* theirs.admin.post("telephony-configs", { name: "Same account", config: mine.config })
      const address = newNumber()
      const first = yield* mine.operator.post(mine.numbers, { address })
      const numbers = `telephony-configs/${text(copy, "id")}/phone-numbers`
      const second = yield* theirs.operator.post(numbers, { address })
      assert.deepStrictEqual([second.status, at(second, "code")], [409, "number_taken"])
      assert.include(text(second, "detail"), address)
      const inactive = yield* theirs.operator.post(numbers, { address, is_active: false })
      assert.strictEqual(inactive.status, 201)
      const path = `${numbers}/${text(inactive, "id")}`
      assert.strictEqual((yield* theirs.operator.put(path, { version: 1 })).status, 409)
      yield* mine.operator.put(`${mine.numbers}/${text(first, "id")}`, { version: 1, is_active: false })
      assert.strictEqual((yield* theirs.operator.put(path, { version: 1 })).status, 200)
    })
  )

  it.effect("are won by one of many who add the same at once", () =>
    Effect.gen(function* () {
      const { numbers, operator } = yield* setUp
      const address = newNumber()
      const answers = yield* Effect.all(
        Array.from({ length: 6 }, () => operator.post(numbers, { address })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(statuses(answers), [201, 409, 409, 409, 409, 409])
    })
  )

  it.effect("follow their configuration to another account, unless it has one of them already", () =>
    Effect.gen(function* () {
      const { admin, agentId, configuration, numbers, operator } = yield* setUp
      const address = newNumber()
      const created = yield* operator.post(numbers, { address, agent_id: agentId })
      const config = { provider: "fake-carrier", account_sid: `AC${account++}`, auth_token: "token-of-the-account" }
      const blocking = yield* admin.post("telephony-configs", { name: "Other account", config })
      const there = yield* operator.post(`telephony-configs/${text(blocking, "id")}/phone-numbers`, { address })
      const path = `telephony-configs/${configuration}`
      const clash = yield* admin.put(path, { version: 1, name: "Main", config })
      assert.deepStrictEqual([clash.status, at(clash, "code")], [409, "number_taken"])
      assert.include(text(clash, "detail"), address)
      assert.strictEqual(at(yield* admin.get(path), "version"), 1)
      yield* operator.delete(`telephony-configs/${text(blocking, "id")}/phone-numbers/${text(there, "id")}`)
      assert.strictEqual((yield* admin.put(path, { version: 1, name: "Main", config })).status, 200)
      const moved = yield* operator.get(`${numbers}/${text(created, "id")}`)
      assert.strictEqual(at(moved, "sync_state.in_sync"), false)
      const sql = yield* PgClient.PgClient
      const rows = yield* sql`SELECT account_id FROM telephony_phone_numbers WHERE id = ${text(created, "id")}`
      assert.strictEqual(rows[0]?.["account_id"], config.account_sid)
      const taken = yield* operator.post(`telephony-configs/${text(blocking, "id")}/phone-numbers`, { address })
      assert.strictEqual(taken.status, 409)
    })
  )

  it.effect("have one default caller id per configuration", () =>
    Effect.gen(function* () {
      const { numbers, operator } = yield* setUp
      const one = yield* operator.post(numbers, { address: newNumber(), is_default_caller_id: true })
      const two = yield* operator.post(numbers, { address: newNumber(), is_default_caller_id: true })
      const paths = [one, two].map((created) => `${numbers}/${text(created, "id")}`)
      const defaults = Effect.map(
        Effect.forEach(paths, (path) => operator.get(path)),
        (rows) => rows.map((row) => at(row, "is_default_caller_id"))
      )
      assert.deepStrictEqual(yield* defaults, [false, true])
      yield* operator.post(`${paths[0]}/set-default-caller`)
      assert.deepStrictEqual(yield* defaults, [true, false])
      const racing = yield* Effect.forEach(
        [...paths, ...paths],
        (path) => operator.post(`${path}/set-default-caller`),
        {
          concurrency: "unbounded"
        }
      )
      assert.isTrue(racing.every(({ status }) => status === 200))
      assert.strictEqual((yield* defaults).filter((is) => is === true).length, 1)
      const first = yield* operator.get(paths[0] ?? "")
      yield* operator.put(paths[0] ?? "", { version: at(first, "version"), is_active: false })
      const inactive = yield* operator.post(`${paths[0]}/set-default-caller`)
      assert.deepStrictEqual([inactive.status, wrongFields(inactive)], [422, ["is_active"]])
    })
  )

  it.effect("refuse an agent of nobody, another address, and a version that moved on", () =>
    Effect.gen(function* () {
      const { numbers, operator } = yield* setUp
      const stranger = yield* setUp
      const address = newNumber()
      const foreign = yield* operator.post(numbers, { address, agent_id: stranger.agentId })
      assert.deepStrictEqual([foreign.status, wrongFields(foreign)], [422, ["agent_id"]])
      const created = yield* operator.post(numbers, { address })
      const path = `${numbers}/${text(created, "id")}`
      const nonsense = yield* operator.put(path, { version: 1, agent_id: "nonsense" })
      assert.deepStrictEqual([nonsense.status, wrongFields(nonsense)], [422, ["agent_id"]])
      const moved = yield* operator.put(path, { version: 1, address: newNumber() })
      assert.deepStrictEqual([moved.status, wrongFields(moved)], [422, ["address"]])
      assert.strictEqual((yield* operator.put(path, { version: 1, address })).status, 200)
      const stale = yield* operator.put(path, { version: 1, label: "x" })
      assert.deepStrictEqual([stale.status, at(stale, "code")], [409, "version_conflict"])
    })
  )

  it.effect("keep their agent from being deleted", () =>
    Effect.gen(function* () {
      const { agentId, numbers, operator } = yield* setUp
      const address = newNumber()
      const created = yield* operator.post(numbers, { address, agent_id: agentId })
      const refused = yield* operator.delete(`agents/${agentId}`)
      assert.deepStrictEqual([refused.status, at(refused, "code")], [409, "agent_in_use"])
      assert.include(text(refused, "detail"), address)
      yield* operator.put(`${numbers}/${text(created, "id")}`, { version: 1 })
      assert.strictEqual((yield* operator.delete(`agents/${agentId}`)).status, 204)
    })
  )
})
