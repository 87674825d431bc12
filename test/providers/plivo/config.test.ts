import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { fieldErrors } from "../../../src/Form.ts"
import { configLoader, fields, setupChecklist } from "../../../src/providers/plivo/config.ts"
import { spec } from "../../../src/providers/plivo/index.ts"
import { authId, authToken, mainToken } from "./account.ts"

const valid = { auth_id: authId, auth_token: authToken }
const decode = Schema.decodeUnknownResult(spec.configRequest, { errors: "all" })
const wrong = (values: unknown) => {
  const result = decode(values)
  return Result.isFailure(result) ? fieldErrors(new Schema.SchemaError(result.failure.issue)) : []
}
const load = (values: unknown) => configLoader(Schema.decodeUnknownSync(Schema.Struct(fields))(values))

const open = (values: Parameters<typeof setupChecklist>[0]) =>
  setupChecklist(values).flatMap(({ done, field }) => (done ? [] : [field]))

describe("the configuration", () => {
  it("takes a main account or a subaccount, its secrets redacted", () => {
    for (const auth_id of [authId, "SAABCDEFGHIJ12345678"]) {
      const result = decode({ ...valid, auth_id })
      assert.isTrue(Result.isSuccess(result))
      assert.notInclude(JSON.stringify(result), authToken)
      assert.notInclude(JSON.stringify(result), auth_id)
    }
  })

  it("names each wrong field and never quotes a value", () => {
    const errors = wrong({ auth_id: "MAs3cret", auth_token: "s3cret with blanks", application_id: "s3cret" })
    assert.deepStrictEqual(
      errors.map(({ field }) => field),
      ["auth_id", "auth_token", "application_id"]
    )
    assert.notInclude(JSON.stringify(errors).toLowerCase(), "s3cret")
  })

  it("keeps an application id as text: it exceeds what a number holds", () => {
    const { applicationId } = load({ ...valid, application_id: "20468599130939381" })
    assert.strictEqual(applicationId === undefined ? "" : Redacted.value(applicationId), "20468599130939381")
    assert.strictEqual(wrong({ ...valid, application_id: 20468599130939380 }).length, 1)
  })

  it("accepts webhooks under the account's and the main account's token", () => {
    const config = load({ ...valid, main_auth_token: mainToken })
    assert.deepStrictEqual(config.signingTokens.map(Redacted.value), [authToken, mainToken])
    assert.deepStrictEqual(load(valid).signingTokens.map(Redacted.value), [authToken])
  })

  it("shows every field that it saves, all of them as sensitive", () => {
    assert.deepStrictEqual(spec.uiMetadata.fields.map(({ name }) => name).toSorted(), Object.keys(fields).toSorted())
    assert.isTrue(spec.uiMetadata.fields.every(({ sensitive }) => sensitive))
  })

  it("lists what is missing before it can dial", () => {
    assert.deepStrictEqual(open({}), ["auth_id", "auth_token"])
    assert.deepStrictEqual(open(valid), [])
  })
})
