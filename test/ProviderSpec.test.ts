import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { fieldErrors } from "../src/Form.ts"
import * as providers from "../src/providers/index.ts"
import { TelephonyConfigRequest, TelephonyConfigResponse } from "../src/TelephonyConfig.ts"
import { tinySpec } from "./support/tinySpec.ts"

const acme = tinySpec("acme")
const payload = { account: "AC1", secret: "correct horse" }

describe("define", () => {
  it("freezes the spec", () => {
    assert.isTrue(Object.isFrozen(acme))
  })

  it.effect("fills the provider in on a route that names it", () =>
    Effect.gen(function* () {
      const request = yield* Schema.decodeUnknownEffect(acme.configRequest)(payload)
      assert.strictEqual(request.provider, "acme")
      assert.isTrue(Redacted.isRedacted(request.secret))
    })
  )

  it.effect("demands the provider in the union, and refuses another's", () =>
    Effect.gen(function* () {
      const decode = Schema.decodeUnknownEffect(acme.unionRequest)
      assert.strictEqual((yield* decode({ ...payload, provider: "acme" })).provider, "acme")
      yield* Effect.flip(decode(payload))
      yield* Effect.flip(decode({ ...payload, provider: "other" }))
    })
  )

  it.effect("names every wrong field without showing a value", () =>
    Effect.gen(function* () {
      const decode = Schema.decodeUnknownEffect(acme.configRequest, { errors: "all" })
      const errors = fieldErrors(yield* Effect.flip(decode({ account: 7, secret: "hunter2" })))
      assert.deepStrictEqual(
        errors.map(({ field }) => field),
        ["account", "secret"]
      )
      assert.notInclude(JSON.stringify(errors), "hunter2")
    })
  )

  it.effect("derives a response that takes masked and missing values", () =>
    Effect.gen(function* () {
      const masked = { provider: "acme", account: "********", secret: null } as const
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(acme.configResponse)(masked), masked)
    })
  )
})

/** The keys of a struct and whether each must be there, as its JSON Schema says. */
const keysOf = (schema: Schema.Top) => {
  const { schema: document } = Schema.toJsonSchemaDocument(Schema.toEncoded(schema))
  const properties = Object.keys((document["properties"] ?? {}) satisfies object)
  const required = document["required"]
  return { properties, required: Array.isArray(required) ? required : [] }
}

const isSecret = (field: string) => /token|secret|password|key|sid|auth/.test(field)

describe.each(Object.values(providers).map(({ spec }) => [spec.name, spec] as const))(
  "the spec of %s",
  (name, spec) => {
    const { properties, required } = keysOf(spec.unionRequest)
    const saved = spec.uiMetadata.fields.filter((field) => field.type !== "readonly")

    it("shows exactly the fields that are saved", () => {
      const shown = new Set(saved.map((field) => field.name.split(".")[0]))
      assert.sameMembers(
        Array.from(shown),
        properties.filter((key) => key !== "provider")
      )
    })

    it("marks as required what the schema requires", () => {
      assert.sameMembers(
        saved.filter((field) => field.required && !field.name.includes(".")).map((field) => field.name),
        required.filter((key) => key !== "provider" && saved.some((field) => field.name === key))
      )
    })

    it("keeps every secret sensitive, and shows it in no text input", () => {
      for (const field of saved.filter((each) => isSecret(each.name))) {
        assert.isTrue(field.sensitive, `${field.name} must be sensitive`)
      }
    })

    it("has a name that fits the registry, the database and a URL", () => {
      assert.match(name, /^[a-z][a-z0-9-]{0,63}$/)
    })

    it("is matched by a field of its own, or by none", () => {
      assert.include(["", ...properties], spec.accountIdCredentialField)
    })
  }
)

describe("TelephonyConfig", () => {
  it("lists every provider of the registry once in both unions", () => {
    const count = Object.keys(providers).length
    assert.strictEqual(TelephonyConfigRequest.members.length, count)
    assert.strictEqual(TelephonyConfigResponse.members.length, count)
  })
})
