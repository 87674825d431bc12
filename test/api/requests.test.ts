import { assert, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient, HttpApiMiddleware, OpenApi } from "effect/http-api"
import { Api } from "../../src/api/Api.ts"
import { Authorization } from "../../src/api/Authorization.ts"
import { spec as twilio } from "../../src/providers/twilio/index.ts"
import { apiServer, at, clientOf, newOrganization, statuses, text, wrongFields } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"
import { fakeCarrier } from "../support/fakeCarrier.ts"

const carrier = fakeCarrier()
const configs = HttpClientRequest.post("/api/v1/organizations/telephony-configs")
const agents = HttpClientRequest.post("/api/v1/organizations/agents")
const json = "application/json"
const raw = (body: string | Uint8Array, type = json) =>
  typeof body === "string"
    ? HttpClientRequest.bodyText(configs, body, type)
    : HttpClientRequest.bodyUint8Array(configs, body, type)

layer(apiServer(embeddedDatabase, [carrier.spec, twilio]), { excludeTestServices: true })("requests", (it) => {
  it.effect("that cannot be read are answered with a problem document", () =>
    Effect.gen(function* () {
      const { admin } = yield* newOrganization()
      const cases = [
        [raw("{"), 400, "invalid_json"],
        [raw(""), 400, "invalid_json"],
        [raw(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), 400, "invalid_utf8"],
        [raw('{"name":"a\\u0000b","config":{}}'), 400, "invalid_text"],
        [raw('{"name":"a\\ud800b","config":{}}'), 400, "invalid_text"],
        [raw(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`), 400, "invalid_text"],
        [raw("name=x", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"],
        [raw(`{"name":"${"x".repeat(256 * 1024)}"}`), 413, "body_too_large"],
        [raw("[]"), 422, "validation_failed"],
        [raw("null"), 422, "validation_failed"],
        [raw("{}"), 422, "validation_failed"]
      ] as const
      for (const [request, status, code] of cases) {
        const answer = yield* admin.send(request)
        assert.deepStrictEqual([answer.status, at(answer, "code")], [status, code])
        assert.strictEqual(answer.headers["content-type"], "application/problem+json")
        assert.deepStrictEqual([at(answer, "status"), at(answer, "type") === undefined], [status, false])
        assert.notStrictEqual(text(answer, "detail"), "")
      }
      assert.strictEqual((yield* admin.get("current")).status, 200)
    })
  )

  it.effect("of strangers are refused before their body is looked at", () =>
    Effect.gen(function* () {
      const nobody = yield* clientOf(undefined)
      assert.strictEqual((yield* nobody.send(raw("{"))).status, 401)
    })
  )

  it.effect("name in 422 the fields of the body, and in 400 the parameters of the query", () =>
    Effect.gen(function* () {
      const { admin } = yield* newOrganization()
      const agent = yield* admin.send(HttpClientRequest.bodyJsonUnsafe(agents, { name: " ", kind: 1, other: 2 }))
      assert.sameMembers(wrongFields(agent), ["name", "kind", "other", "settings"])
      for (const query of ["limit=0", "limit=201", "limit=x", "limit=1.5"]) {
        const answer = yield* admin.get(`agents?${query}`)
        assert.deepStrictEqual([answer.status, wrongFields(answer)], [400, ["limit"]], query)
      }
      for (const query of ["cursor=%00", "cursor=nonsense", "cursor=eA"]) {
        const answer = yield* admin.get(`agents?${query}`)
        assert.deepStrictEqual([answer.status, wrongFields(answer)], [400, ["cursor"]], query)
      }
    })
  )

  it.effect("with ids that nothing can have are not found", () =>
    Effect.gen(function* () {
      const { admin } = yield* newOrganization()
      for (const id of ["x", "%00", "' OR 1=1", "00000000-0000-0000-0000-000000000000", "%F0%9F%A6%84"]) {
        for (const path of [`telephony-configs/${id}`, `telephony-configs/${id}/phone-numbers`, `agents/${id}`]) {
          assert.strictEqual((yield* admin.get(encodeURI(decodeURIComponent(path)))).status, 404, path)
        }
        assert.strictEqual((yield* admin.delete(encodeURI(decodeURIComponent(`api-keys/${id}`)))).status, 404)
      }
    })
  )

  it.effect("change the organization: absent stays, null restores the default, one writer wins", () =>
    Effect.gen(function* () {
      const { admin, viewer } = yield* newOrganization("Acme")
      const changed = yield* admin.patch("current", {
        version: 1,
        default_country: "de",
        max_concurrent_calls: 3,
        allowed_prefixes: ["+49", "+41"],
        premium_rate_allowed: true
      })
      assert.deepStrictEqual(
        ["name", "default_country", "max_concurrent_calls", "premium_rate_allowed", "version"].map((key) =>
          at(changed, key)
        ),
        ["Acme", "DE", 3, true, 2]
      )
      const restored = yield* admin.patch("current", { version: 2, default_country: null, max_concurrent_calls: null })
      assert.deepStrictEqual(
        ["default_country", "max_concurrent_calls", "allowed_prefixes"].map((key) => at(restored, key)),
        [null, 100, ["+49", "+41"]]
      )
      const wrong = yield* admin.patch("current", { version: 3, denied_prefixes: ["49"], calls_per_second: -1 })
      assert.sameMembers(wrongFields(wrong), ["denied_prefixes.0", "calls_per_second"])
      const country = yield* admin.patch("current", { version: 3, default_country: "XX" })
      assert.deepStrictEqual(wrongFields(country), ["default_country"])
      const answers = yield* Effect.forEach(
        [1, 2, 3],
        (n) => admin.patch("current", { version: 3, name: `Name ${n}` }),
        {
          concurrency: "unbounded"
        }
      )
      assert.deepStrictEqual(statuses(answers), [200, 409, 409])
      assert.strictEqual(at(yield* viewer.get("current"), "version"), 4)
    })
  )

  it.effect("for the metadata get the whole form of every carrier", () =>
    Effect.gen(function* () {
      const { viewer } = yield* newOrganization()
      const answer = yield* viewer.get("telephony-providers/metadata")
      const { displayName, docsUrl, connectivity, fields } = carrier.spec.uiMetadata
      assert.deepStrictEqual(at(answer, "providers.0"), {
        provider: "fake-carrier",
        display_name: displayName,
        connectivity,
        docs_url: docsUrl,
        phone: false,
        fields: JSON.parse(JSON.stringify(fields))
      })
      assert.strictEqual(at(answer, "providers.1.provider"), "twilio")
      assert.isUndefined(at(answer, "providers.2"))
    })
  )

  it.effect("can be made by the typed client of the description", () =>
    Effect.gen(function* () {
      const { adminKey } = yield* newOrganization("Typed")
      const authorized = HttpApiMiddleware.layerClient(Authorization, ({ next, request }) =>
        next(HttpClientRequest.bearerToken(request, adminKey))
      )
      yield* Effect.gen(function* () {
        const client = yield* HttpApiClient.make(Api)
        const organization = yield* client.organization.get()
        assert.strictEqual(organization.name, "Typed")
        const created = yield* client.apiKeys.create({ payload: { name: "New", role: "viewer" } })
        assert.match(Redacted.value(created.key), /^sb_/)
        assert.notInclude(JSON.stringify(created), Redacted.value(created.key))
        const config = Redacted.make({
          provider: "twilio",
          account_sid: `AC${"0".repeat(32)}`,
          auth_token: "abcdefghijklmnop"
        } as const)
        const payload = { name: "Main", is_default_outbound: true, config }
        const { credentials } = yield* client.telephonyConfigs.create({ payload })
        assert.deepStrictEqual(credentials, {
          provider: "twilio",
          account_sid: "********0000",
          auth_token: "********mnop",
          amd_enabled: false
        })
        const missing = yield* Effect.flip(client.agents.get({ params: { id: "x" } }))
        assert.strictEqual(missing._tag, "NotFound")
      }).pipe(Effect.provide(authorized))
    })
  )

  it.effect("are described by OpenAPI 3.1 and a reference that needs no other server", () =>
    Effect.gen(function* () {
      const nobody = yield* clientOf(undefined)
      const description = yield* nobody.get("/openapi.json")
      assert.strictEqual(description.status, 200)
      assert.match(text(description, "openapi"), /^3\.1/)
      const operations = Object.values(OpenApi.fromApi(Api).paths).flatMap((item) =>
        [item.get, item.post, item.put, item.patch, item.delete].flatMap((operation) => operation ?? [])
      )
      assert.isAtLeast(operations.length, 26)
      const ofSessions = operations.filter(({ tags }) => tags.some((tag) => ["Sign-in", "Session"].includes(tag)))
      assert.deepStrictEqual(
        ofSessions.map(({ security }) => security),
        [[{ session: [] }], [], [{ session: [] }]]
      )
      for (const operation of operations.filter((each) => !ofSessions.includes(each))) {
        assert.isNotEmpty(operation.summary, operation.operationId)
        assert.match(operation.description ?? "", /role/, operation.operationId)
        assert.deepStrictEqual(operation.security, [{ bearer: [] }, { api_key: [] }, { session: [] }])
      }
      const http = yield* HttpClient.HttpClient
      const page = yield* Effect.flatMap(http.get("/docs"), (response) => response.text)
      assert.notMatch(page, /(src|href)="https?:/)
    })
  )
})
