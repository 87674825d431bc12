import { createHmac } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import twilio from "twilio"
import { type FormFields, parseForm } from "../../../src/carrier/forms.ts"
import {
  accepts,
  accountSid,
  callSid,
  check,
  hash,
  inbound,
  json,
  P,
  setA,
  setB,
  tokenA,
  tokenB,
  U,
  upgradeAccepts,
  V1,
  voice,
  type Webhook
} from "./signatureVectors.ts"

describe("the signature of a webhook", () => {
  for (const [name, webhook] of setA) it(`accepts ${name}`, () => assert.isTrue(accepts(webhook, tokenA)))
  for (const [name, webhook] of setB) it(`accepts ${name}`, () => assert.isTrue(accepts(webhook)))

  const A1 = { url: U, fields: P, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=" }
  const refused: ReadonlyArray<readonly [name: string, webhook: Webhook, token: string]> = [
    [
      "A11: another body",
      {
        url: `${U}&bodySHA256=${hash}`,
        body: '{"property": "value", "boolean": false}',
        contentType: "application/json",
        signature: "a9nBmqA0ju/hNViExpshrM61xv4="
      },
      tokenA
    ],
    ["A14: another field value", { ...A1, fields: P.map(([n, v]) => [n, n === "Digits" ? "1235" : v]) }, tokenA],
    ["A14: another query", { ...A1, url: "https://mycompany.com/myapp.php?foo=1&bar=3" }, tokenA],
    ["A14: another token", A1, "12346"],
    ["A14: another scheme", { ...A1, url: "http://mycompany.com/myapp.php?foo=1&bar=2" }, tokenA],
    ["A14: a field more", { ...A1, fields: [...P, ["Extra", "x"]] }, tokenA],
    ["A14: an empty header", { ...A1, signature: "" }, tokenA],
    ["no header", { url: U, fields: P }, tokenA],
    [
      "A15: JSON without the hash",
      { url: U, body: json, contentType: "application/json", signature: A1.signature },
      tokenA
    ],
    ["V1 to another number", { ...V1, body: voice.replaceAll("14155550123", "14155550124") }, tokenB],
    ["V1 with the query in another order", { ...V1, url: `${inbound}?x=1&tenant=a%20b` }, tokenB],
    ["V1 with a slash at the end", { ...V1, url: `${inbound}/?tenant=a%20b&x=1` }, tokenB],
    ["V1 at an inner address", { ...V1, url: "http://10.0.0.5:8080/twilio/inbound/wh_7f3a?tenant=a%20b&x=1" }, tokenB],
    ["V1 without an empty field", { ...V1, body: voice.replace("FromCity=&", "") }, tokenB],
    ["V1 with a body that is not UTF-8", { ...V1, body: `${voice}&x=%FF` }, tokenB],
    [
      "a signature over the URL alone with a body of another type",
      {
        url: "https://voice.example.com/x",
        body: voice,
        contentType: "text/plain",
        signature: "nkWUipdkeEbdcTcDZYsoxo0r4ww="
      },
      tokenB
    ]
  ]
  for (const [name, webhook, token] of refused) {
    it(`refuses ${name}`, () => assert.isFalse(accepts(webhook, token)))
  }

  it("accepts V1 with the default port written", () =>
    assert.isTrue(accepts({ ...V1, url: V1.url.replace("example.com", "example.com:443") })))

  it("accepts either token while they are rotated", () => {
    assert.isTrue(accepts(V1, "new-token", tokenB))
    assert.isTrue(accepts(V1, tokenB, "old-token"))
    assert.isFalse(accepts(V1, "new-token", "old-token"))
  })

  it("refuses what is of another account, although the token fits", () => {
    const exit = check(V1, [tokenB], "AC00000000000000000000000000000009")
    assert.isTrue(Exit.isFailure(exit))
  })

  it("gives no secret and no path away when it refuses", () => {
    const exit = check({ ...V1, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=" })
    const text = JSON.stringify(exit)
    assert.include(text, "https://voice.example.com:")
    assert.notInclude(text, "wh_7f3a")
    assert.notInclude(text, tokenB)
    assert.notInclude(text, "wApxudC")
  })
})

const signed = (covered: FormFields) => twilio.getExpectedTwilioSignature(tokenB, inbound, Object.fromEntries(covered))

const read = (webhook: Webhook) => {
  const exit = check(webhook)
  return Exit.isSuccess(exit) ? parseForm(exit.value.body) : undefined
}

describe("fields outside the signature", () => {
  const fields: FormFields = [
    ["AccountSid", accountSid],
    ["CallSid", callSid]
  ]
  const extra: FormFields = [
    ["CallToken", "forged"],
    ["AccountSid", accountSid],
    ["StirVerstat", "TN-Validation-Passed-A"],
    ["CallSid", callSid]
  ]
  it("CallToken and StirVerstat are taken out when only the rest is signed", () =>
    assert.deepStrictEqual(read({ url: inbound, fields: extra, signature: signed(fields) }), fields))

  it("they are kept when they are signed", () =>
    assert.deepStrictEqual(read({ url: inbound, fields: extra, signature: signed(extra) }), extra))

  it("any other field outside the signature is refused", () =>
    assert.isUndefined(read({ url: inbound, fields: [...extra, ["To", "+1"]], signature: signed(fields) })))
})

describe("the signature of a media socket's upgrade", () => {
  const url = "https://voice.example.com/media/twilio/s_01HZX/9c2f"
  const V7 = "bY9TTOg7UTr3yqrGHmrw7FWCEXg="

  it("accepts V7, V8 with a slash, V9 with the port", () => {
    assert.isTrue(upgradeAccepts(url, V7))
    assert.isTrue(upgradeAccepts(url.replace("https", "wss"), V7))
    assert.isTrue(upgradeAccepts(url, "JJlO0Py1hyYvMz2LUNjdy7Yog8M="))
    assert.isTrue(upgradeAccepts(`${url}/`, V7))
    assert.isTrue(upgradeAccepts(url, "njy1PX9lLjhTQiD73IEKPDyKE9U="))
  })

  it("refuses the https form, another path, and none", () => {
    assert.isFalse(upgradeAccepts(url, "E9TZghF3wui4MusnmGBQ+fA4ezQ="))
    assert.isFalse(upgradeAccepts(url.replace("9c2f", "9c2e"), V7))
    assert.isFalse(upgradeAccepts(url, ""))
    assert.isFalse(upgradeAccepts(url, undefined))
  })

  it("accepts a plain socket's URL, for a carrier on loopback", () => {
    const local = "http://127.0.0.1:8080/api/v1/telephony/ws/t"
    const signature = createHmac("sha1", tokenB).update("ws://127.0.0.1:8080/api/v1/telephony/ws/t").digest("base64")
    assert.isTrue(upgradeAccepts(local, signature))
  })
})
