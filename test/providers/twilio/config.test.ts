import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { fieldErrors } from "../../../src/Form.ts"
import { configLoader, fields, setupChecklist } from "../../../src/providers/twilio/config.ts"
import { spec } from "../../../src/providers/twilio/index.ts"
import { accountSid, authToken } from "./account.ts"

const valid = { account_sid: accountSid, auth_token: authToken }
const decode = Schema.decodeUnknownResult(spec.configRequest, { errors: "all" })
const wrong = (values: unknown) => {
  const result = decode(values)
  return Result.isFailure(result) ? fieldErrors(new Schema.SchemaError(result.failure.issue)) : []
}
const load = (values: unknown) => configLoader(Schema.decodeUnknownSync(Schema.Struct(fields))(values))

const open = (stored: Parameters<typeof setupChecklist>[0]) =>
  setupChecklist(stored).flatMap(({ done, field }) => (done ? [] : [field]))

describe("the configuration", () => {
  it("takes an account with defaults, its secrets redacted", () => {
    const result = decode(valid)
    assert.isTrue(Result.isSuccess(result))
    assert.notInclude(JSON.stringify(result), authToken)
    assert.notInclude(JSON.stringify(result), accountSid)
  })

  it("names each wrong field and never quotes a value", () => {
    const errors = wrong({ account_sid: "ACs3cret", auth_token: "s3cret with blanks", region: "S3CRET", edge: "x" })
    assert.deepStrictEqual(
      errors.map(({ field }) => field),
      ["account_sid", "auth_token", "region"]
    )
    assert.notInclude(JSON.stringify(errors).toLowerCase(), "s3cret")
    assert.deepStrictEqual(
      wrong({}).map(({ field }) => field),
      ["account_sid", "auth_token"]
    )
  })

  it("wants both region and edge, or neither", () => {
    assert.deepStrictEqual(
      wrong({ ...valid, region: "au1" }).map(({ field }) => field),
      ["edge"]
    )
    assert.deepStrictEqual(
      wrong({ ...valid, edge: "sydney" }).map(({ field }) => field),
      ["region"]
    )
    assert.deepStrictEqual(wrong({ ...valid, region: "au1", edge: "sydney" }), [])
  })

  it("finds the API of its region", () => {
    assert.strictEqual(load(valid).apiUrl, "https://api.twilio.com")
    assert.strictEqual(load({ ...valid, region: "au1", edge: "sydney" }).apiUrl, "https://api.sydney.au1.twilio.com")
  })

  it("accepts webhooks under both tokens, and speaks to the API with the primary", () => {
    const config = load({ ...valid, secondary_auth_token: "other" })
    assert.deepStrictEqual(config.signingTokens.map(Redacted.value), [authToken, "other"])
    assert.strictEqual(Redacted.value(config.authToken), authToken)
  })

  it("shows every field that it saves, credentials as sensitive", () => {
    assert.deepStrictEqual(spec.uiMetadata.fields.map(({ name }) => name).toSorted(), Object.keys(fields).toSorted())
    assert.deepStrictEqual(
      spec.uiMetadata.fields.filter(({ sensitive }) => sensitive).map(({ name }) => name),
      ["account_sid", "auth_token", "secondary_auth_token"]
    )
  })

  it("lists what is missing before it can dial", () => {
    assert.deepStrictEqual(open({}), ["account_sid", "auth_token"])
    assert.deepStrictEqual(open(valid), [])
    assert.deepStrictEqual(open({ ...valid, region: "au1" }), ["edge"])
  })
})
