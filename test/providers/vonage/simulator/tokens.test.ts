import { generateKeyPairSync } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { tokenGenerate, verifySignature } from "@vonage/jwt"
import { Result, Schema } from "effect"
import { checkBearer, isBasic, sha256Hex, webhookToken } from "../../../../src/providers/vonage/simulator/tokens.ts"

const secret = "vonage-test-signature-secret-0123456789abcdef"
const apiKey = "a1b2c3d4"
const applicationId = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
const leg = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
const b1 = `{"from":"15551230001","to":"15551230002","uuid":"${leg}","conversation_uuid":"CON-${leg}","status":"answered","direction":"inbound","timestamp":"2023-11-14T22:13:20.000Z"}`
const second = "bbbbbbbb-cccc-dddd-eeee-0123456789ab"
const b2 = `{"from":"447700900000","to":"447700900123","uuid":"${second}","conversation_uuid":"CON-${second}","region_url":"https://api-us-3.vonage.com","custom_data":{"name":"Zoë 🚀"}}`
const q1 = `{"to":"15551230002","from":"15551230001","conversation_uuid":"CON-${leg}","uuid":"${leg}","region_url":"https://api-us-3.vonage.com"}`

const v1 =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6IjAzMWFlZmMxNGZkMmZhYzcwZDAyYTc0MzlhMTA0MTQ0MGU0OTUzZDgxYzcyZjlkNDMyYTYyYmViOGJiMzgxNGQiLCJhcGlfa2V5IjoiYTFiMmMzZDQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYmItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiJ9.4haTGSjhuKcmgQU-dxBvJYWHNDWS6JKqGRw_D9Q0XKo"
const v2 =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAxMDAsImp0aSI6IjBiM2I5YTUyLTJkMWQtNGYwZS05ZDUzLTFmNWY3YTFmOWExMCIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6IjVhNGNjNTk4YThkNmQ1YTg4MzBmNjA2OTJiODM5ODZmYTZlYmQ3NmQyZWM5NjMyMmQ4N2YzMjY1MzUxNzZhODMiLCJhcGlfa2V5IjoiYTFiMmMzZDQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYmItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiJ9.oAQV30Gx1rzgF1y3IwmLU8Ob5VvhSzFVqLI8FlOIuo4"
const v3 =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjdkMGU0YzFlLTUxYjQtNGYzZS04YTM1LTUyZjBmMGExZjNhYSIsImlzcyI6IlZvbmFnZSIsImFwaV9rZXkiOiJhMWIyYzNkNCIsImFwcGxpY2F0aW9uX2lkIjoiYWFhYWFhYWEtYmJiYi1jY2NjLWRkZGQtMDEyMzQ1Njc4OWFiIn0.nN9dp8nJSYIcPaLfv9iuTA4_A8Khp1q0PXFLNa2X4eY"
const g1 =
  "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3MDAwMDAwMDAsImp0aSI6ImQyNzE5YzFhLTg2YjEtNGU2ZS05YTAxLTZhMWY1YTBjNzdlNCIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6IjM4YTY0N2MyNWQ0NDg4YjQ1NjBkMDRiYTUxZTI5OTRiM2IwNzc5ODczYjFjM2VkMzZkNWI3YmUzOTNhMjk4NjciLCJhcGlfa2V5IjoiYTFiMmMzZDQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYmItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiJ9.8TAYPBbs2gIM8gXKAngxzSmSzoURxOWmPDHJUGq_ivs"

describe("the token of a webhook", () => {
  it("is the carrier's, byte for byte", () => {
    const make = (issuedAt: number, id: string, payload?: string) =>
      webhookToken(secret, { issuedAt, id, apiKey, applicationId, ...(payload === undefined ? {} : { payload }) })
    assert.strictEqual(make(1_700_000_000, "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5", b1), v1)
    assert.strictEqual(make(1_700_000_100, "0b3b9a52-2d1d-4f0e-9d53-1f5f7a1f9a10", b2), v2)
    assert.strictEqual(make(1_700_000_000, "7d0e4c1e-51b4-4f3e-8a35-52f0f0a1f3aa"), v3)
    assert.strictEqual(make(1_700_000_000, "d2719c1a-86b1-4e6e-9a01-6a1f5a0c77e4", q1), g1)
    assert.strictEqual(sha256Hex(b1), "031aefc14fd2fac70d02a7439a1041440e4953d81c72f9d432a62beb8bb3814d")
  })

  it.prop(
    "is taken by the carrier's package under its secret and no other",
    [Schema.String, Schema.NonEmptyString],
    ([payload, key]) => {
      const token = webhookToken(key, { issuedAt: 1_700_000_000, payload, apiKey, applicationId })
      const [head, body, signature = ""] = token.split(".")
      const altered = `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`
      return verifySignature(token, key) && !verifySignature(token, `${key}x`) && !verifySignature(altered, key)
    }
  )
})

const publicKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwCxczWCJsMEr5SdJdSYO
3EslP++fnibDvwkyFFYNuvr/sqZdbd2Q2OD5OnXeaK5jfF2ReImwTQpE6J7EDMFz
yMn3f0niwQoDX39NGZ+TPqf5swvHPlRiEygiN85rJ0kk5l62cG1xHdC/Q/u/CSbP
UVgux+ZVYtSzG3Fsj91rvwKEAolqLCNXGDNnU6nt18I8qKQRikFCV0o6ohZlmzvn
qNW96QGBJzb2wX4YnwWAKNN43ylh8KLPwhUhnBWqnVrz/LlhAVO36wSxMgMDCavr
VqaqGBvJYaqnB7iVwJcCS/V4ycpO5tqLwPNuMFN2HFBBtvVNzt5+ddUt1gYh1uOA
rwIDAQAB
-----END PUBLIC KEY-----
`
const vector =
  "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYmItY2NjYy1kZGRkLTAxMjM0NTY3ODlhYiIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwOTAwLCJqdGkiOiIzZjFiMGM1Mi0wYzlhLTRhNTUtOWQzNi01ZjBhNGI2YjZmMDEifQ.Oc2wc0EbGvXWhazHAqLC0W2ef6A8rQBvawAGemfuo1klXmXfhXFGFUGpOT91PyVpFxqvFov3avD7rK8S4nt6jPSAl85JBlZeLTJznte3JBxtm-4rkK6-xntgo-v7yw13gYOqEYJjs9FjWzY5dZ6rrz6mDBEdKLXJbEkdP4kBo0lfguVRbx9eqv3kpd0gaHhQRVsUkz9FORvJEHrFmzFq-kR4bknlImV9tb1RoaC4thLpAlIX3jSfre0TwW-fw2H6YwSMc8LwK5k-0vc4dr2yyp2Ab3mm-EqPZXAYlRT2_r3SbdD59vZxVUrges8jctnv6KabR8LOZIqnZOFGDyXYNg"

const application = { id: applicationId, publicKey }
const check = (header: string | undefined, seconds = 1_700_000_000, of = application) => {
  const read = checkBearer(header, of, seconds)
  return Result.isSuccess(read) ? "taken" : read.failure
}

describe("the token of a REST request", () => {
  it("is checked for key, application and time", () => {
    assert.strictEqual(check(`Bearer ${vector}`), "taken")
    assert.strictEqual(check(`bearer ${vector}`, 1_700_000_899), "taken")
    assert.strictEqual(check(`Bearer ${vector}`, 1_699_999_940), "taken")
    assert.strictEqual(check(`Bearer ${vector}`, 1_699_999_939), "unproven")
    assert.strictEqual(check(`Bearer ${vector}`, 1_700_000_900), "unproven")
    assert.strictEqual(check(`Bearer ${vector}`, 1_700_000_000, { ...application, id: second }), "unproven")
    assert.strictEqual(check(`Bearer ${vector.slice(0, -8)}AAAAAAAA`), "unproven")
    assert.strictEqual(check(undefined), "unproven")
    assert.strictEqual(check("Basic abc"), "malformed")
    assert.strictEqual(check("Bearer abc"), "malformed")
    // A webhook's token is signed, but not with the application's key.
    assert.strictEqual(check(`Bearer ${v1}`, 1_700_000_000), "unproven")
  })

  it("is taken as the carrier's package makes it", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" }
    })
    const seconds = Math.floor(Date.now() / 1000)
    const token = tokenGenerate(applicationId, privateKey)
    assert.strictEqual(check(`Bearer ${token}`, seconds, { id: applicationId, publicKey }), "taken")
    assert.strictEqual(check(`Bearer ${token}`, seconds), "unproven")
    // Without `exp` it lives for 15 minutes.
    const [, body = ""] = token.split(".")
    assert.include(Buffer.from(body, "base64url").toString(), '"exp"')
  })

  it.prop(
    "nothing else is taken, and nothing breaks the check",
    [Schema.String],
    ([header]) => check(header) !== "taken"
  )
})

describe("a key and a secret", () => {
  it("are compared whole", () => {
    const header = `Basic ${Buffer.from("a1b2c3d4:s3cret").toString("base64")}`
    assert.isTrue(isBasic(header, "a1b2c3d4", "s3cret"))
    assert.isFalse(isBasic(header, "a1b2c3d4", "s3cre"))
    assert.isFalse(isBasic(undefined, "a1b2c3d4", "s3cret"))
  })
})
