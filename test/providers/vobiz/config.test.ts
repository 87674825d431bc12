import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { fieldErrors } from "../../../src/Form.ts"
import { configLoader, fields, setupChecklist } from "../../../src/providers/vobiz/config.ts"
import { spec } from "../../../src/providers/vobiz/index.ts"
import { authId, authToken, parentToken, stored } from "./account.ts"

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
    const result = decode({ ...stored, application_id: "20468599130939380" })
    assert.isTrue(Result.isSuccess(result))
    assert.notInclude(JSON.stringify(result), authToken)
    assert.notInclude(JSON.stringify(result), authId)
  })

  it("names each wrong field and never quotes a value", () => {
    const bad = {
      auth_id: "s3cret/../x",
      auth_token: "s3cret with blanks",
      application_id: "s3cret",
      default_country: "QQ"
    }
    const errors = wrong(bad)
    assert.sameMembers(
      errors.map(({ field }) => field),
      ["auth_id", "auth_token", "application_id", "default_country"]
    )
    assert.notInclude(JSON.stringify(errors), "s3cret")
    assert.sameMembers(
      wrong({}).map(({ field }) => field),
      ["auth_id", "auth_token"]
    )
  })

  it("has no country by itself", () => {
    assert.isUndefined(load({ auth_id: authId, auth_token: authToken }).defaultCountry)
    assert.strictEqual(load({ ...stored, default_country: "in" }).defaultCountry, "IN")
  })

  it("checks plain signatures with its own tokens, the main account's also with the parent's", () => {
    const config = load({ ...stored, secondary_auth_token: "old", parent_auth_token: parentToken })
    assert.deepStrictEqual(config.signingTokens.map(Redacted.value), [authToken, "old"])
    assert.deepStrictEqual(config.parentTokens.map(Redacted.value), [parentToken, authToken, "old"])
  })

  it("can dial with id and token", () => {
    assert.deepStrictEqual(open({}), ["auth_id", "auth_token"])
    assert.deepStrictEqual(open(stored), [])
  })
})
