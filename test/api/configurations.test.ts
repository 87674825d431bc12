import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { apiServer, at, newOrganization, publicUrl, statuses, text, wrongFields } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"
import { carrierError, fakeCarrier } from "../support/fakeCarrier.ts"

const carrier = fakeCarrier()
const other = fakeCarrier("other-carrier")

const credentials = {
  provider: "fake-carrier",
  account_sid: "AC1111111111",
  auth_token: "token-of-the-account",
  signing_keys: ["first-signing-key", "second"],
  site: { city: "Bern", gate_code: "gate-code-1234" },
  region: "eu"
}
const masked = {
  provider: "fake-carrier",
  account_sid: "********1111",
  auth_token: "********ount",
  signing_keys: ["********-key", "********"],
  site: { city: "Bern", gate_code: "********1234" },
  region: "eu",
  recording: false
}

/** The secrets as they are in use, decrypted by a fresh load. */
const tokenInUse = (send: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    carrier.state.tokens.length = 0
    yield* send
    return carrier.state.tokens.at(-1)
  })

layer(apiServer(embeddedDatabase, [carrier.spec, other.spec]), { excludeTestServices: true })(
  "telephony configurations",
  (it) => {
    it.effect("are created, read and listed without their secrets", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const created = yield* admin.post("telephony-configs", { name: " Main ", config: credentials })
        assert.strictEqual(created.status, 201)
        assert.deepStrictEqual(at(created, "credentials"), masked)
        assert.strictEqual(at(created, "name"), "Main")
        assert.strictEqual(at(created, "version"), 1)
        assert.strictEqual(at(created, "is_default_outbound"), false)
        const read = yield* admin.get(`telephony-configs/${text(created, "id")}`)
        assert.strictEqual(read.status, 200)
        assert.deepStrictEqual(read.body, created.body)
        const list = yield* admin.get("telephony-configs")
        assert.strictEqual(at(list, "configurations.0.id"), at(created, "id"))
        assert.isUndefined(at(list, "configurations.0.credentials"))
        assert.isNull(at(list, "next_cursor"))
      })
    )

    it.effect("keep their secrets sealed in the database", () =>
      Effect.gen(function* () {
        const { admin, id } = yield* newOrganization()
        yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const sql = yield* PgClient.PgClient
        const rows =
          yield* sql`SELECT credentials::text AS stored FROM telephony_configurations WHERE organization_id = ${id}`
        const stored = String(rows[0]?.["stored"])
        for (const secret of [
          "AC1111111111",
          "token-of-the-account",
          "first-signing-key",
          "second",
          "gate-code-1234"
        ]) {
          assert.notInclude(stored, secret)
        }
        assert.include(stored, "Bern")
      })
    )

    it.effect("say which steps are missing before they can dial", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const { region: _region, ...incomplete } = credentials
        const created = yield* admin.post("telephony-configs", { name: "Main", config: incomplete })
        assert.deepStrictEqual(at(created, "setup_checklist"), [
          { step: "Keep the configuration active.", done: true },
          { step: "Choose a region.", done: false, field: "region" },
          { step: "Add an active phone number to call from.", done: false }
        ])
      })
    )

    it.effect("name every field that is wrong, and no value", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const answer = yield* admin.post("telephony-configs", {
          name: "",
          extra: true,
          config: {}
        })
        assert.strictEqual(answer.status, 422)
        assert.sameMembers(wrongFields(answer), ["extra", "name"])
        const nameless = yield* admin.post("telephony-configs", { name: "Main", config: {} })
        assert.deepStrictEqual(wrongFields(nameless), ["config.provider"])
        const config = {
          provider: "fake-carrier",
          account_sid: "SECRET-SID",
          auth_token: 5,
          tpyo: "SECRET-TYPO",
          site: { gate_code: 7 }
        }
        const inner = yield* admin.post("telephony-configs", { name: "Main", config })
        assert.strictEqual(inner.status, 422)
        assert.strictEqual(at(inner, "code"), "validation_failed")
        assert.sameMembers(wrongFields(inner), [
          "config.account_sid",
          "config.auth_token",
          "config.tpyo",
          "config.site.gate_code"
        ])
        assert.notInclude(JSON.stringify(inner), "SECRET")
        const missing = yield* admin.post("telephony-configs", { name: "Main", config: { provider: "fake-carrier" } })
        assert.sameMembers(wrongFields(missing), ["config.account_sid", "config.auth_token"])
        const hostile = JSON.parse('{"provider":"fake-carrier","__proto__":{"auth_token":"x"},"constructor":1}')
        const polluted = yield* admin.post("telephony-configs", { name: "Main", config: hostile })
        assert.includeMembers(wrongFields(polluted), ["config.__proto__", "config.constructor", "config.auth_token"])
        const unknown = yield* admin.post("telephony-configs", { name: "Main", config: { provider: "nobody" } })
        assert.deepStrictEqual(wrongFields(unknown), ["config.provider"])
        assert.include(text(unknown, "detail"), "fake-carrier, other-carrier")
        const maskedNew = yield* admin.post("telephony-configs", { name: "Main", config: masked })
        assert.sameMembers(wrongFields(maskedNew), [
          "config.account_sid",
          "config.auth_token",
          "config.signing_keys",
          "config.site.gate_code"
        ])
      })
    )

    it.effect("survive a form that is loaded and saved unchanged (PUT)", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const created = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const path = `telephony-configs/${text(created, "id")}`
        const saved = yield* admin.put(path, { name: "Main", version: 1, config: at(created, "credentials") })
        assert.strictEqual(saved.status, 200)
        assert.deepStrictEqual(at(saved, "credentials"), masked)
        assert.strictEqual(at(saved, "version"), 2)
        assert.strictEqual(yield* tokenInUse(admin.post(`${path}/test-connection`)), "token-of-the-account")
      })
    )

    it.effect("clear on PUT what is absent or null, and keep on PATCH what is absent", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const created = yield* admin.post("telephony-configs", {
          name: "Main",
          config: { ...credentials, recording: true }
        })
        const path = `telephony-configs/${text(created, "id")}`
        const patched = yield* admin.patch(path, { version: 1, config: { region: null, site: { city: "Basel" } } })
        const { region: _region, ...withoutRegion } = masked
        assert.deepStrictEqual(at(patched, "credentials"), {
          ...withoutRegion,
          recording: true,
          site: { city: "Basel", gate_code: "********1234" }
        })
        assert.strictEqual(at(patched, "name"), "Main")
        const put = yield* admin.put(path, {
          version: 2,
          name: "Renamed",
          config: {
            provider: "fake-carrier",
            account_sid: "********1111",
            auth_token: "********ount",
            signing_keys: null
          }
        })
        assert.deepStrictEqual(at(put, "credentials"), {
          provider: "fake-carrier",
          account_sid: "********1111",
          auth_token: "********ount",
          recording: false
        })
        const required = yield* admin.patch(path, { version: 3, config: { auth_token: null } })
        assert.deepStrictEqual([required.status, wrongFields(required)], [422, ["config.auth_token"]])
        const renamed = yield* admin.patch(path, { version: 3, name: "Only the name" })
        assert.deepStrictEqual([at(renamed, "name"), at(renamed, "version")], ["Only the name", 4])
        assert.strictEqual(yield* tokenInUse(admin.post(`${path}/test-connection`)), "token-of-the-account")
      })
    )

    it.effect("refuse a form that was loaded before a rotation, and keep the rotated secret", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const loaded = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const path = `telephony-configs/${text(loaded, "id")}`
        const rotated = yield* admin.patch(path, { version: 1, config: { auth_token: "the-rotated-token" } })
        assert.strictEqual(at(rotated, "credentials.auth_token"), "********oken")
        const stale = yield* admin.put(path, { name: "Main", version: 1, config: at(loaded, "credentials") })
        assert.deepStrictEqual([stale.status, at(stale, "code")], [409, "version_conflict"])
        const forced = yield* admin.put(path, { name: "Main", version: 2, config: at(loaded, "credentials") })
        assert.deepStrictEqual([forced.status, wrongFields(forced)], [422, ["config.auth_token"]])
        assert.strictEqual(yield* tokenInUse(admin.post(`${path}/test-connection`)), "the-rotated-token")
      })
    )

    it.effect("never change their provider", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const created = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const path = `telephony-configs/${text(created, "id")}`
        const config = { ...credentials, provider: "other-carrier" }
        const answer = yield* admin.put(path, { name: "Main", version: 1, config })
        assert.deepStrictEqual([answer.status, wrongFields(answer)], [422, ["config.provider"]])
        const implied = yield* admin.patch(path, { version: 1, config: { region: "us" } })
        assert.strictEqual(implied.status, 200)
        const { provider: _provider, ...unnamed } = credentials
        assert.strictEqual((yield* admin.put(path, { name: "Main", version: 2, config: unnamed })).status, 200)
      })
    )

    it.effect("have names that are unique in the organization", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const stranger = yield* newOrganization()
        const first = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const again = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        assert.deepStrictEqual([again.status, at(again, "code")], [409, "name_taken"])
        const elsewhere = yield* stranger.admin.post("telephony-configs", { name: "Main", config: credentials })
        assert.strictEqual(elsewhere.status, 201)
        yield* admin.delete(`telephony-configs/${text(first, "id")}`)
        assert.strictEqual((yield* admin.post("telephony-configs", { name: "Main", config: credentials })).status, 201)
      })
    )

    it.effect("are written by one of many who read the same version", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const created = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const path = `telephony-configs/${text(created, "id")}`
        const answers = yield* Effect.all(
          Array.from({ length: 8 }, (_, n) =>
            admin.put(path, { version: 1, name: `Writer ${n}`, config: credentials })
          ),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(statuses(answers), [200, ...Array.from({ length: 7 }, () => 409)])
        assert.strictEqual(at(yield* admin.get(path), "version"), 2)
      })
    )

    it.effect("have one default for outbound calls, whoever sets it at the same time", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const ids = yield* Effect.forEach([1, 2, 3, 4], (n) =>
          Effect.map(
            admin.post("telephony-configs", { name: `Number ${n}`, is_default_outbound: true, config: credentials }),
            (created) => text(created, "id")
          )
        )
        const answers = yield* Effect.forEach(
          [...ids, ...ids],
          (id) => admin.post(`telephony-configs/${id}/set-default-outbound`),
          {
            concurrency: "unbounded"
          }
        )
        assert.isTrue(answers.every(({ status }) => status === 200))
        const list = yield* admin.get("telephony-configs")
        const defaults = ids.filter((_, index) => at(list, `configurations.${index}.is_default_outbound`) === true)
        assert.strictEqual(defaults.length, 1)
      })
    )

    it.effect("report what the carrier says to the credentials, and never fail for it", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const created = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const path = `telephony-configs/${text(created, "id")}/test-connection`
        assert.deepStrictEqual((yield* admin.post(path)).body, {
          ok: true,
          message: "The account answers.",
          warnings: []
        })
        carrier.state.connection = Effect.fail(carrierError("credentials", "The token is wrong. Copy it again."))
        const refused = yield* admin.post(path)
        assert.deepStrictEqual([refused.status, at(refused, "ok")], [200, false])
        assert.strictEqual(at(refused, "message"), "The token is wrong. Copy it again.")
      })
    )

    it.effect("are reactivated, and are gone at once when deleted", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const created = yield* admin.post("telephony-configs", { name: "Main", config: credentials })
        const id = text(created, "id")
        const sql = yield* PgClient.PgClient
        yield* sql`UPDATE telephony_configurations SET inactive_since = now(), inactive_reason = 'Too many failures.' WHERE id = ${id}`
        const parked = yield* admin.get(`telephony-configs/${id}`)
        assert.strictEqual(at(parked, "inactive_reason"), "Too many failures.")
        assert.strictEqual(at(parked, "setup_checklist.0.done"), false)
        const active = yield* admin.post(`telephony-configs/${id}/reactivate`)
        assert.isNull(at(active, "inactive_since"))
        assert.strictEqual((yield* admin.delete(`telephony-configs/${id}`)).status, 204)
        for (const gone of [
          yield* admin.get(`telephony-configs/${id}`),
          yield* admin.delete(`telephony-configs/${id}`),
          yield* admin.post(`telephony-configs/${id}/reactivate`),
          yield* admin.post(`telephony-configs/${id}/set-default-outbound`),
          yield* admin.post(`telephony-configs/${id}/test-connection`),
          yield* admin.get(`telephony-configs/${id}/phone-numbers`)
        ]) {
          assert.deepStrictEqual([gone.status, at(gone, "code")], [404, "configuration_not_found"])
        }
      })
    )

    it.effect("say in a list whether they are ready, which step blocks, and how many numbers they have", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        const { region: _region, ...incomplete } = credentials
        const account = (sid: string) => ({ ...incomplete, account_sid: sid })
        yield* admin.post("telephony-configs", { name: "Incomplete", config: account("AC71") })
        const ready = yield* admin.post("telephony-configs", {
          name: "Ready",
          config: { ...account("AC72"), region: "eu" }
        })
        const numbers = `telephony-configs/${text(ready, "id")}/phone-numbers`
        const number = yield* admin.post(numbers, { address: "+41446681801" })
        yield* admin.post(numbers, { address: "+41446681802", is_active: false })
        const shown = Effect.map(admin.get("telephony-configs"), (list) =>
          [0, 1].map((index) =>
            ["ready", "blocking_step", "number_count"].map((key) => at(list, `configurations.${index}.${key}`))
          )
        )
        assert.deepStrictEqual(yield* shown, [
          [false, "Choose a region.", 0],
          [true, null, 2]
        ])
        const detail = yield* admin.get(`telephony-configs/${text(ready, "id")}`)
        assert.deepStrictEqual([at(detail, "ready"), at(detail, "number_count")], [true, 2])
        assert.strictEqual(at(detail, "inbound_url"), `${publicUrl}/api/v1/telephony/inbound/fake-carrier`)
        yield* admin.put(`${numbers}/${text(number, "id")}`, { version: 1, is_active: false })
        assert.deepStrictEqual((yield* shown)[1], [false, "Add an active phone number to call from.", 2])
      })
    )

    it.effect("come in pages in the order of their creation", () =>
      Effect.gen(function* () {
        const { admin } = yield* newOrganization()
        for (const name of ["a", "b", "c", "d", "e"]) {
          yield* admin.post("telephony-configs", { name, config: credentials })
        }
        const first = yield* admin.get("telephony-configs?limit=2")
        const second = yield* admin.get(`telephony-configs?limit=2&cursor=${text(first, "next_cursor")}`)
        const third = yield* admin.get(`telephony-configs?limit=2&cursor=${text(second, "next_cursor")}`)
        const names = [first, second, third].map((page) => [0, 1].map((n) => at(page, `configurations.${n}.name`)))
        assert.deepStrictEqual(names, [
          ["a", "b"],
          ["c", "d"],
          ["e", undefined]
        ])
        assert.isNull(at(third, "next_cursor"))
      })
    )
  }
)
