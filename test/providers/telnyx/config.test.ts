import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { fieldErrors } from "../../../src/Form.ts"
import { configLoader, fields, setupChecklist } from "../../../src/providers/telnyx/config.ts"
import { spec } from "../../../src/providers/telnyx/index.ts"
import { apiKey, connectionId, publicKeyA, stored } from "./account.ts"

const decode = Schema.decodeUnknownResult(spec.configRequest, { errors: "all" })
const wrong = (values: unknown) => {
  const result = decode(values)
  return Result.isFailure(result) ? fieldErrors(new Schema.SchemaError(result.failure.issue)) : []
}
const load = (values: unknown) => configLoader(Schema.decodeUnknownSync(Schema.Struct(fields))(values))

const open = (values: Parameters<typeof setupChecklist>[0]) =>
  setupChecklist(values).flatMap(({ done, field }) => (done ? [] : [field]))

describe("the configuration", () => {
  it("takes an account, its secrets redacted", () => {
    const result = decode(stored)
    assert.isTrue(Result.isSuccess(result))
    for (const value of [apiKey, publicKeyA, connectionId]) assert.notInclude(JSON.stringify(result), value)
  })

  it("needs the API key alone", () => {
    assert.deepStrictEqual(wrong({ api_key: apiKey }), [])
    assert.deepStrictEqual(
      wrong({}).map(({ field }) => field),
      ["api_key"]
    )
  })

  it("trims what was pasted with white space, which Telnyx's own package refuses", () => {
    const config = load({ api_key: ` ${apiKey}\n`, webhook_public_key: `${publicKeyA}\n`, connection_id: " 12 " })
    assert.strictEqual(Redacted.value(config.apiKey), apiKey)
    assert.strictEqual(Redacted.value(config.webhookPublicKey ?? Redacted.make("")), publicKeyA)
    assert.strictEqual(Redacted.value(config.connectionId ?? Redacted.make("")), "12")
  })

  it("names each wrong field and never quotes a value", () => {
    const errors = wrong({
      api_key: "s3cret with blanks",
      webhook_public_key: Buffer.alloc(16, 1).toString("base64"),
      connection_id: "s3cret",
      outbound_voice_profile_id: "S3CRET"
    })
    assert.deepStrictEqual(
      errors.map(({ field }) => field),
      ["api_key", "webhook_public_key", "connection_id", "outbound_voice_profile_id"]
    )
    assert.notInclude(JSON.stringify(errors).toLowerCase(), "s3cret")
  })

  it("takes no public key that is not canonical base64 of 32 bytes", () => {
    for (const key of [publicKeyA.slice(0, -1), `${publicKeyA}A`, publicKeyA.replace("Q=", "R="), "-".repeat(44), ""]) {
      assert.deepStrictEqual(
        wrong({ api_key: apiKey, webhook_public_key: key }).map(({ field }) => field),
        ["webhook_public_key"]
      )
    }
  })

  it("keeps the connection id as text: it exceeds what a number can hold", () => {
    assert.deepStrictEqual(
      wrong({ api_key: apiKey, connection_id: 1_494_404_757_140_276 }).map(({ field }) => field),
      ["connection_id"]
    )
    assert.strictEqual(Redacted.value(load(stored).connectionId ?? Redacted.make("")), connectionId)
  })

  it("shows every field that it saves, credentials as sensitive", () => {
    assert.deepStrictEqual(spec.uiMetadata.fields.map(({ name }) => name).toSorted(), Object.keys(fields).toSorted())
    assert.deepStrictEqual(
      spec.uiMetadata.fields.filter(({ sensitive }) => sensitive).map(({ name }) => name),
      ["api_key", "webhook_public_key", "connection_id"]
    )
  })

  it("lists what is missing before it can dial; an application may come later", () => {
    assert.deepStrictEqual(open({}), ["api_key", "webhook_public_key"])
    assert.deepStrictEqual(open({ api_key: apiKey, webhook_public_key: publicKeyA }), [])
  })
})
