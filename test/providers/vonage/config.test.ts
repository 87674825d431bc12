import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { fieldErrors } from "../../../src/Form.ts"
import { configLoader, fields, setupChecklist } from "../../../src/providers/vonage/config.ts"
import { spec } from "../../../src/providers/vonage/index.ts"
import { normalizedKey } from "../../../src/providers/vonage/privateKey.ts"
import { regionUrl } from "../../../src/providers/vonage/regions.ts"
import { apiSecret, privateKey, publicKey, stored } from "./account.ts"
import { apiKey, secret } from "./signatureVectors.ts"

const decode = Schema.decodeUnknownResult(spec.configRequest, { errors: "all" })
const wrong = (values: unknown) => {
  const result = decode(values)
  return Result.isFailure(result) ? fieldErrors(new Schema.SchemaError(result.failure.issue)) : []
}
const wrongFields = (values: unknown) => wrong(values).map(({ field }) => field)
const load = (values: unknown) => configLoader(Schema.decodeUnknownSync(Schema.Struct(fields))(values))
const keyOf = (private_key: string) => Redacted.value(load({ ...stored, private_key }).privateKey)

const rsa = (modulusLength: number, type: "pkcs1" | "pkcs8") =>
  generateKeyPairSync("rsa", {
    modulusLength,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type, format: "pem" }
  }).privateKey

const open = (values: Parameters<typeof setupChecklist>[0]) =>
  setupChecklist(values).flatMap(({ done, field }) => (done ? [] : [field]))

describe("the configuration", () => {
  it("takes an application, its secrets redacted", () => {
    const result = decode(stored)
    assert.isTrue(Result.isSuccess(result))
    for (const value of [apiKey, apiSecret, secret, "BEGIN PRIVATE"]) assert.notInclude(JSON.stringify(result), value)
  })

  it("names each wrong field and never quotes a value", () => {
    const errors = wrong({
      api_key: "s3 cret",
      api_secret: "",
      application_id: "s3cret",
      private_key: "s3cret",
      region: "mars"
    })
    assert.deepStrictEqual(
      errors.map(({ field }) => field),
      ["api_key", "api_secret", "application_id", "private_key", "region"]
    )
    assert.notInclude(JSON.stringify(errors), "s3cret")
    assert.deepStrictEqual(wrongFields({}), ["api_key", "api_secret", "application_id", "private_key"])
  })

  it("reads a private key whatever pasting has made of its lines", () => {
    const good = normalizedKey(privateKey)
    for (const pasted of [
      privateKey,
      `\n  ${privateKey}  `,
      privateKey.replaceAll("\n", "\\n"),
      privateKey.replaceAll("\n", "\r\n"),
      privateKey.replaceAll("\n", "\\r\\n"),
      privateKey.replaceAll("\n", " "),
      privateKey.replaceAll("\n", "")
    ]) {
      assert.strictEqual(keyOf(pasted), good)
    }
  })

  it("takes PKCS#1 as well, and nothing that cannot sign", () => {
    const accepted = (private_key: string) => wrongFields({ ...stored, private_key }).length === 0
    assert.isTrue(accepted(rsa(2048, "pkcs1")))
    assert.isFalse(accepted(rsa(1024, "pkcs8")))
    assert.isFalse(accepted(publicKey))
    const curve = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" }
    })
    assert.isFalse(accepted(curve.privateKey))
    const locked = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }
    })
    assert.isFalse(accepted(locked.privateKey))
    assert.isFalse(accepted(privateKey.replace(/\n[^\n]+\n/, "\n")))
  })

  it("finds the API of its region", () => {
    assert.strictEqual(load(stored).voiceUrl, "https://api.nexmo.com")
    assert.strictEqual(load({ ...stored, region: "apac-sng" }).voiceUrl, "https://api-ap-3.vonage.com")
  })

  it("shows every field that it saves, all that belongs to the credentials as sensitive", () => {
    assert.deepStrictEqual(spec.uiMetadata.fields.map(({ name }) => name).toSorted(), Object.keys(fields).toSorted())
    assert.deepStrictEqual(
      spec.uiMetadata.fields.filter(({ sensitive }) => !sensitive).map(({ name }) => name),
      ["region"]
    )
  })

  it("lists what is missing before it can dial, the signature secret included", () => {
    assert.deepStrictEqual(open(stored), [])
    const { signature_secret: _, ...rest } = stored
    assert.deepStrictEqual(open(rest), ["signature_secret"])
    assert.strictEqual(open({}).length, 5)
  })
})

describe("the region that a webhook names", () => {
  it("is believed for Vonage's API hosts only", () => {
    for (const url of [
      "https://api-us-3.vonage.com",
      "https://api-eu-4.vonage.com/",
      "https://API-AP-3.vonage.com",
      "https://api.nexmo.com",
      "https://api-us-1.nexmo.com",
      "https://api-sg-1.nexmo.com"
    ]) {
      assert.strictEqual(regionUrl(url), url.toLowerCase().replace(/\/$/, ""))
    }
    for (const url of [
      undefined,
      "",
      "http://api-us-3.vonage.com",
      "https://api-us-3.vonage.com.evil.example",
      "https://evil.example/api-us-3.vonage.com",
      "https://api-us-3.vonage.com@evil.example",
      "https://user@api-us-3.vonage.com",
      "https://api-us-3.vonage.com:8443",
      "https://api-us-3.vonage.com/path",
      "https://api-us-3.vonage.com\n",
      "https://evilvonage.com",
      "https://10.0.0.1",
      "https://dashboard.vonage.com"
    ]) {
      assert.isUndefined(regionUrl(url), url)
    }
  })
})
