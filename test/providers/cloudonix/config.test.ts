import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import * as fc from "fast-check"
import { fieldErrors } from "../../../src/Form.ts"
import { configLoader, fields, setupChecklist } from "../../../src/providers/cloudonix/config.ts"
import { isDomainName, normalizedDomain } from "../../../src/providers/cloudonix/domains.ts"
import { spec } from "../../../src/providers/cloudonix/index.ts"
import { apiKey, domain, stored } from "./account.ts"

const decode = Schema.decodeUnknownResult(spec.configRequest, { errors: "all" })
const wrong = (values: unknown) => {
  const result = decode(values)
  return Result.isFailure(result) ? fieldErrors(new Schema.SchemaError(result.failure.issue)) : []
}
const load = (values: unknown) => configLoader(Schema.decodeUnknownSync(Schema.Struct(fields))(values))
const saved = (values: unknown) => {
  const settings = Schema.Struct(fields)
  return Schema.encodeSync(settings)(Schema.decodeUnknownSync(settings)(values))
}
const open = (values: Parameters<typeof setupChecklist>[0]) =>
  setupChecklist(values).flatMap(({ done, field }) => (done ? [] : [field]))

describe("the configuration", () => {
  it("takes a key and a domain, redacted", () => {
    const result = decode(stored)
    assert.isTrue(Result.isSuccess(result))
    assert.notInclude(JSON.stringify(result), apiKey)
    assert.notInclude(JSON.stringify(result), domain)
  })

  it("stores the domain by its full name, however it was typed", () => {
    for (const typed of ["acme", " Acme ", "ACME.cloudonix.net", "acme.cloudonix.net.", "acme.cloudonix.net.. "])
      assert.strictEqual(saved({ ...stored, domain_id: typed })["domain_id"], domain, typed)
    assert.strictEqual(saved({ ...stored, domain_id: "Voice.Example.com" })["domain_id"], "voice.example.com")
  })

  it("refuses a domain's number and UUID, which webhooks do not carry, and what is no name", () => {
    for (const typed of ["3", " 42 ", "f73d69b8-992f-4eee-9dbc-e36188ada6ff", "", ".", "a b", "acme/x", "a..b", "ä"]) {
      const errors = wrong({ ...stored, domain_id: typed })
      assert.deepStrictEqual(
        errors.map(({ field }) => field),
        ["domain_id"],
        typed
      )
    }
  })

  it("names each wrong field and never quotes a value", () => {
    const errors = wrong({
      bearer_token: "s3cret with blanks",
      domain_id: "s3cret domain",
      application_name: "<s3cret>",
      webhook_api_key: "s3 cret",
      trunk: "s3cret_trunk"
    })
    assert.sameMembers(
      errors.map(({ field }) => field),
      ["bearer_token", "domain_id", "application_name", "webhook_api_key", "trunk"]
    )
    assert.notInclude(JSON.stringify(errors), "s3")
    assert.sameMembers(
      wrong({}).map(({ field }) => field),
      ["bearer_token", "domain_id"]
    )
  })

  it("expects the API key of webhooks unless they have their own", () => {
    assert.strictEqual(Redacted.value(load(stored).webhookKey), apiKey)
    const config = load({ ...stored, webhook_api_key: "other", trunk: "carrier-uk", application_name: "agents" })
    assert.strictEqual(Redacted.value(config.webhookKey), "other")
    assert.strictEqual(Redacted.value(config.bearerToken), apiKey)
    assert.deepStrictEqual([config.trunk, config.applicationName], ["carrier-uk", "agents"])
  })

  it("shows every field that it saves, credentials as sensitive", () => {
    assert.deepStrictEqual(spec.uiMetadata.fields.map(({ name }) => name).toSorted(), Object.keys(fields).toSorted())
    assert.sameMembers(
      spec.uiMetadata.fields.filter(({ sensitive }) => sensitive).map(({ name }) => name),
      ["bearer_token", "domain_id", "webhook_api_key"]
    )
    assert.strictEqual(spec.uiMetadata.connectivity, "sip")
  })

  it("lists what is missing before it can dial", () => {
    assert.deepStrictEqual(open({}), ["bearer_token", "domain_id"])
    assert.deepStrictEqual(open(stored), [])
  })
})

describe("a domain's name", () => {
  it("does not change when it is normalised again", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const once = normalizedDomain(text)
        if (isDomainName(once)) assert.strictEqual(normalizedDomain(once), once)
      })
    )
  })
})
