import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { HttpClientRequest } from "effect/http"
import { apiServer, at, clientOf, newOrganization, text } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"
import { fakeCarrier } from "../support/fakeCarrier.ts"

const refusals = (count: number) => Array.from({ length: count }, () => 403)
const carrier = fakeCarrier()
const config = { provider: "fake-carrier", account_sid: "AC1", auth_token: "token-of-the-account" }
const agent = { name: "Bot", kind: "fake-agent", settings: { url: "wss://agent.example/" } }

layer(apiServer(embeddedDatabase, [carrier.spec]), { excludeTestServices: true })("access", (it) => {
  it.effect("needs an API key, as a bearer token or in a header of its own", () =>
    Effect.gen(function* () {
      const { adminKey } = yield* newOrganization()
      const nobody = yield* clientOf(undefined)
      const answer = yield* nobody.get("current")
      assert.deepStrictEqual([answer.status, at(answer, "code")], [401, "unauthorized"])
      assert.strictEqual(answer.headers["www-authenticate"], "Bearer")
      assert.strictEqual(answer.headers["content-type"], "application/problem+json")
      const stranger = yield* clientOf(Redacted.make("sb_wrong"))
      assert.strictEqual((yield* stranger.get("current")).status, 401)
      const request = HttpClientRequest.get("/api/v1/organizations/current")
      const key = Redacted.value(adminKey)
      const inHeader = yield* nobody.send(HttpClientRequest.setHeader(request, "x-api-key", key))
      assert.strictEqual(inHeader.status, 200)
      const basic = yield* nobody.send(HttpClientRequest.setHeader(request, "authorization", `Basic ${key}`))
      assert.strictEqual(basic.status, 401)
      const inQuery = yield* nobody.get(`current?api_key=${key}`)
      assert.strictEqual(inQuery.status, 401)
    })
  )

  it.effect("follows the role of the key", () =>
    Effect.gen(function* () {
      const { admin, operator, viewer } = yield* newOrganization()
      const configuration = text(yield* admin.post("telephony-configs", { name: "Main", config }), "id")
      const agentId = text(yield* admin.post("agents", agent), "id")
      const keyId = text(yield* admin.get("api-keys"), "api_keys.0.id")
      const numbers = `telephony-configs/${configuration}/phone-numbers`
      const numberId = text(yield* operator.post(numbers, { address: "+14155550900" }), "id")
      const statuses = (client: typeof viewer) =>
        Effect.forEach(
          [
            client.get("current"),
            client.get("telephony-providers/metadata"),
            client.get("agent-kinds/metadata"),
            client.get("telephony-configs"),
            client.get(`telephony-configs/${configuration}`),
            client.get(numbers),
            client.get(`${numbers}/${numberId}`),
            client.get("agents"),
            client.get(`agents/${agentId}`),
            // From here on an operator's, ...
            client.post(`telephony-configs/${configuration}/test-connection`),
            client.post(numbers, {}),
            client.put(`${numbers}/${numberId}`, {}),
            client.post(`${numbers}/${numberId}/sync`),
            client.post(`${numbers}/${numberId}/set-default-caller`),
            client.post("agents", {}),
            client.put(`agents/${agentId}`, {}),
            // ... and from here on an admin's.
            client.patch("current", {}),
            client.get("api-keys"),
            client.post("api-keys", {}),
            client.post("telephony-configs", {}),
            client.put(`telephony-configs/${configuration}`, {}),
            client.patch(`telephony-configs/${configuration}`, {}),
            client.post(`telephony-configs/${configuration}/set-default-outbound`),
            client.post(`telephony-configs/${configuration}/reactivate`)
          ],
          (answer) => Effect.map(answer, ({ status }) => status)
        )
      const reads = Array.from({ length: 9 }, () => 200)
      const operates = [200, 422, 422, 200, 200, 422, 422]
      const administers = [422, 200, 422, 422, 422, 422, 200, 200]
      assert.deepStrictEqual(yield* statuses(viewer), [...reads, ...refusals(15)])
      assert.deepStrictEqual(yield* statuses(operator), [...reads, ...operates, ...refusals(8)])
      assert.deepStrictEqual(yield* statuses(admin), [...reads, ...operates, ...administers])
      for (const refused of [
        yield* viewer.delete(`${numbers}/${numberId}`),
        yield* viewer.delete(`agents/${agentId}`),
        yield* operator.delete(`telephony-configs/${configuration}`),
        yield* operator.delete(`api-keys/${keyId}`)
      ]) {
        assert.deepStrictEqual([refused.status, at(refused, "code")], [403, "forbidden"])
      }
    })
  )

  it.effect("ends at the organization: what belongs to another one is not found", () =>
    Effect.gen(function* () {
      const mine = yield* newOrganization()
      const theirs = yield* newOrganization()
      const configuration = text(yield* theirs.admin.post("telephony-configs", { name: "Main", config }), "id")
      const agentId = text(yield* theirs.admin.post("agents", agent), "id")
      const theirNumbers = `telephony-configs/${configuration}/phone-numbers`
      const numberId = text(yield* theirs.admin.post(theirNumbers, { address: "+14155550901" }), "id")
      const keyId = text(yield* theirs.admin.get("api-keys"), "api_keys.0.id")
      const own = text(yield* mine.admin.post("telephony-configs", { name: "Main", config }), "id")
      const { admin } = mine
      const number = { version: 1 }
      for (const answer of [
        yield* admin.get(`telephony-configs/${configuration}`),
        yield* admin.put(`telephony-configs/${configuration}`, { version: 1, name: "x", config }),
        yield* admin.patch(`telephony-configs/${configuration}`, { version: 1, name: "x" }),
        yield* admin.delete(`telephony-configs/${configuration}`),
        yield* admin.post(`telephony-configs/${configuration}/set-default-outbound`),
        yield* admin.post(`telephony-configs/${configuration}/reactivate`),
        yield* admin.post(`telephony-configs/${configuration}/test-connection`),
        yield* admin.get(theirNumbers),
        yield* admin.post(theirNumbers, { address: "+14155550902" }),
        yield* admin.get(`${theirNumbers}/${numberId}`),
        yield* admin.put(`${theirNumbers}/${numberId}`, number),
        yield* admin.delete(`${theirNumbers}/${numberId}`),
        yield* admin.post(`${theirNumbers}/${numberId}/sync`),
        yield* admin.post(`${theirNumbers}/${numberId}/set-default-caller`),
        yield* admin.get(`telephony-configs/${own}/phone-numbers/${numberId}`),
        yield* admin.put(`telephony-configs/${own}/phone-numbers/${numberId}`, number),
        yield* admin.get(`agents/${agentId}`),
        yield* admin.put(`agents/${agentId}`, { version: 1, name: "x", settings: agent.settings }),
        yield* admin.delete(`agents/${agentId}`),
        yield* admin.delete(`api-keys/${keyId}`)
      ]) {
        assert.strictEqual(answer.status, 404)
      }
      assert.strictEqual((yield* theirs.admin.get(`telephony-configs/${configuration}`)).status, 200)
      assert.deepStrictEqual(at(yield* admin.get("agents"), "agents"), [])
      assert.isUndefined(at(yield* admin.get("telephony-configs"), "configurations.1"))
    })
  )

  it.effect("shows a key once, and knows it by its prefix afterwards", () =>
    Effect.gen(function* () {
      const { admin, id } = yield* newOrganization()
      const created = yield* admin.post("api-keys", { name: "CI", role: "viewer" })
      assert.strictEqual(created.status, 201)
      const key = text(created, "key")
      assert.match(key, /^sb_[A-Za-z0-9_-]{43}$/)
      assert.strictEqual(at(created, "prefix"), key.slice(0, 9))
      const client = yield* clientOf(Redacted.make(key))
      assert.strictEqual((yield* client.get("current")).status, 200)
      const list = yield* admin.get("api-keys?limit=200")
      assert.notInclude(JSON.stringify(list), key)
      const sql = yield* PgClient.PgClient
      const rows = yield* sql`SELECT (t.*)::text AS stored FROM api_keys t WHERE organization_id = ${id}`
      assert.notInclude(JSON.stringify(rows), key)
      assert.strictEqual((yield* admin.delete(`api-keys/${text(created, "id")}`)).status, 204)
      assert.strictEqual((yield* client.get("current")).status, 401)
    })
  )

  it.effect("cannot be lost: the last admin key stays, whoever deletes at the same time", () =>
    Effect.gen(function* () {
      const { admin } = yield* newOrganization()
      const list = yield* admin.get("api-keys")
      const ids = [0, 1, 2, 3].map((n) => text(list, `api_keys.${n}.id`))
      const answers = yield* Effect.forEach(ids, (id) => admin.delete(`api-keys/${id}`), { concurrency: "unbounded" })
      assert.isTrue(answers.some(({ status }) => status === 204))
      const sql = yield* PgClient.PgClient
      const left = yield* sql`SELECT 1 FROM api_keys WHERE role = 'admin' AND id IN ${sql.in(ids)}`
      assert.isAtLeast(left.length, 1)
    })
  )
})
