import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { createdId, ours } from "../support/app.ts"
import type { Tests } from "./suite.ts"
import { World } from "./world.ts"

const configurations = "/api/v1/organizations/telephony-configs"

const Detail = Schema.Struct({
  version: Schema.Int,
  credentials: Schema.Record(Schema.String, Schema.Json)
})

const detail = Effect.fnUntraced(function* (id: string) {
  const { request } = yield* World
  return Schema.decodeUnknownSync(Detail)((yield* request("GET", `${configurations}/${id}`)).body)
})

const TestOutcome = Schema.Struct({ ok: Schema.Boolean, message: Schema.String })
const Number = Schema.Struct({
  sync_state: Schema.Struct({ in_sync: Schema.Boolean, last_error: Schema.NullOr(Schema.String) })
})

const textOf = (value: Schema.Json | undefined) => (typeof value === "string" ? value : "")

/** Saving, masking, and asking whether an account works. */
export const configurationTests: Tests = (it) => {
  it.effect("shows its credentials masked, and keeps what is sent back masked", () =>
    Effect.gen(function* () {
      const { carrier, configurationId, request, spec } = yield* World
      const before = yield* detail(configurationId)
      const sensitive = new Set(spec.uiMetadata.fields.filter((field) => field.sensitive).map(({ name }) => name))
      for (const [name, value] of Object.entries(carrier.credentials))
        if (sensitive.has(name)) assert.notDeepEqual(before.credentials[name], value, name)

      const config = { ...before.credentials, provider: spec.name }
      const kept = yield* request("PUT", `${configurations}/${configurationId}`, {
        name: "Carrier",
        version: before.version,
        config
      })
      assert.strictEqual(kept.status, 200, JSON.stringify(kept.body))
      const after = yield* detail(configurationId)
      assert.deepStrictEqual(after.credentials, before.credentials)
      const works = yield* request("POST", `${configurations}/${configurationId}/test-connection`, {})
      assert.isTrue(Schema.decodeUnknownSync(TestOutcome)(works.body).ok, JSON.stringify(works.body))

      if (sensitive.size === 0) return
      const stale = yield* request("PUT", `${configurations}/${configurationId}`, {
        name: "Carrier",
        version: after.version,
        config: { ...config, [Array.from(sensitive)[0] ?? ""]: "********zzzz" }
      })
      assert.strictEqual(stale.status, 422, JSON.stringify(stale.body))
    })
  )

  it.effect("tests its connection: right, wrong, and with a carrier that is not there", () =>
    Effect.gen(function* () {
      const { carrier, configurationId, request, spec } = yield* World
      const test = (id: string) => request("POST", `${configurations}/${id}/test-connection`, {})
      const secret = spec.uiMetadata.fields.findLast(
        ({ name, required, sensitive, type }) =>
          required && sensitive && type === "password" && typeof carrier.credentials[name] === "string"
      )
      if (secret === undefined) {
        // An account without a secret has no carrier that could refuse it.
        assert.deepStrictEqual(spec.uiMetadata.fields, [])
        assert.isTrue(Schema.decodeUnknownSync(TestOutcome)((yield* test(configurationId)).body).ok)
        return
      }
      const right = textOf(carrier.credentials[secret.name])
      const wrong = createdId(
        yield* request("POST", configurations, {
          name: "Wrong",
          config: {
            provider: spec.name,
            ...carrier.credentials,
            [secret.name]: `${right.slice(0, -4)}${right.endsWith("abcd") ? "bcde" : "abcd"}`
          }
        })
      )
      const refused = yield* test(wrong)
      assert.isFalse(Schema.decodeUnknownSync(TestOutcome)(refused.body).ok, JSON.stringify(refused.body))
      assert.strictEqual((yield* request("DELETE", `${configurations}/${wrong}`)).status, 204)

      yield* carrier.faults.use("rest-broken")
      const broken = yield* test(configurationId)
      assert.isTrue(broken.status === 502 || broken.status === 200, JSON.stringify(broken.body))
      if (broken.status === 200) assert.isFalse(Schema.decodeUnknownSync(TestOutcome)(broken.body).ok)
      yield* carrier.faults.off("rest-broken")
      assert.isTrue(Schema.decodeUnknownSync(TestOutcome)((yield* test(configurationId)).body).ok)
    }).pipe(Effect.scoped)
  )

  it.effect("sets its number's inbound webhook at the carrier, where the carrier has one", () =>
    Effect.gen(function* () {
      const { account, carrier, numberId, numbers, request, spec, url } = yield* World
      const number = Schema.decodeUnknownSync(Number)((yield* request("GET", `${numbers}/${numberId}`)).body)
      assert.isNull(number.sync_state.last_error)
      assert.isTrue(number.sync_state.in_sync)
      const webhook = yield* carrier.inboundWebhook(ours)
      assert.strictEqual(webhook !== undefined, account.configureInbound !== undefined && spec.listens !== true)
      if (webhook !== undefined) assert.isTrue(webhook.startsWith(`${url}/api/v1/telephony/inbound/${spec.name}`))
    })
  )
}
