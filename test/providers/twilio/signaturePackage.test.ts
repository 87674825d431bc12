import { createHash } from "node:crypto"
import { parse, stringify } from "node:querystring"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import twilio from "twilio"
import type { FormFields } from "../../../src/carrier/forms.ts"
import { accepts, inbound, tokenA, tokenB } from "./signatureVectors.ts"

const flat = (grouped: Readonly<Record<string, ReadonlyArray<string>>>): FormFields =>
  Object.entries(grouped).flatMap(([key, values]) => values.map((item) => [key, item] as const))

describe("against Twilio's own package", () => {
  const value = fc.string({ unit: "grapheme", maxLength: 12 })
  const name = fc.string({ unit: fc.constantFrom("A", "a", "B", "_", "1", ".", "Ż"), minLength: 1, maxLength: 5 })
  const fields = fc.dictionary(name, fc.array(value, { minLength: 1, maxLength: 3 }), { maxKeys: 6 })
  const path = fc.string({
    unit: fc.constantFrom("a", "/", "%20", "-", "~", "'", "é", "(", "%C3%A9", "+"),
    maxLength: 10
  })
  const query = fc.string({ unit: fc.constantFrom("a", "b", "=", "&", "%20", "'", "+", "%27", "x"), maxLength: 12 })
  const url = fc
    .tuple(
      fc.constantFrom("https", "http"),
      fc.constantFrom("", ":443", ":8443", ":80"),
      path,
      fc.option(query, { nil: undefined })
    )
    .map(
      ([scheme, port, tail, search]) =>
        `${scheme}://voice.example.com${port}/${tail}${search === undefined ? "" : `?${search}`}`
    )

  it("what it signs, we accept; whatever is changed, we refuse as it does", () => {
    fc.assert(
      fc.property(url, fields, fc.nat(), (address, grouped, seed) => {
        const signature = twilio.getExpectedTwilioSignature(tokenA, address, grouped)
        const list = flat(grouped)
        assert.isTrue(accepts({ url: address, fields: list, signature }, tokenA))
        assert.isFalse(accepts({ url: address, fields: list, signature }, tokenB))
        assert.isFalse(accepts({ url: `${address}x`, fields: list, signature }, tokenA))
        assert.isFalse(accepts({ url: address, fields: [...list, ["Extra", String(seed)]], signature }, tokenA))
        const victim = seed % Math.max(1, list.length)
        const changed = list.map(([key, item], index) => [key, index === victim ? `${item}!` : item] as const)
        if (list.length > 0) assert.isFalse(accepts({ url: address, fields: changed, signature }, tokenA))
      }),
      { numRuns: 200 }
    )
  })

  it("we and it agree on every signature made over a variant of the URL", () => {
    const variant = fc.constantFrom<(url: string) => string>(
      (u) => u,
      (u) => u.replace(/:\d+/, ""),
      (u) => u.replace("example.com/", "example.com:443/"),
      (u) => u.replace("example.com/", "example.com:80/"),
      (u) => new URL(u).toString(),
      (u) => u.replaceAll("'", "%27"),
      (u) => `${u}/`,
      (u) => u.replace("http:", "https:"),
      (u) => u.replaceAll("%20", "+"),
      (u) => u.replace(/\?.*/, (search) => `?${stringify(parse(search.slice(1)))}`),
      (u) => decodeURI(u)
    )
    fc.assert(
      fc.property(url, variant, fields, (address, vary, grouped) => {
        const signature = twilio.getExpectedTwilioSignature(tokenA, vary(address), grouped)
        assert.strictEqual(
          accepts({ url: address, fields: flat(grouped), signature }, tokenA),
          twilio.validateRequest(tokenA, signature, address, grouped)
        )
      }),
      { numRuns: 300 }
    )
  })

  it("we and it agree on JSON bodies", () => {
    fc.assert(
      fc.property(fc.json(), fc.boolean(), fc.boolean(), (text, forgedBody, withHash) => {
        const digest = createHash("sha256").update(text).digest("hex")
        const address = withHash ? `${inbound}?bodySHA256=${digest}` : inbound
        const signature = twilio.getExpectedTwilioSignature(tokenA, address, {})
        const body = forgedBody ? `${text} ` : text
        assert.strictEqual(
          accepts({ url: address, body, contentType: "application/json", signature }, tokenA),
          twilio.validateRequestWithBody(tokenA, signature, address, body)
        )
      })
    )
  })
})
