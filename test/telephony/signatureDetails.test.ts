import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { RawRequest } from "../../src/carrier/RawRequest.ts"
import { alternativeUrls } from "../../src/telephony/signatures/alternatives.ts"
import { makeGate } from "../../src/telephony/signatures/gate.ts"
import { describeRequest, redactedUrl } from "../../src/telephony/signatures/redaction.ts"

const rawOf = (changes: Partial<RawRequest>): RawRequest => ({
  method: "POST",
  publicUrl: "https://gw.example/api/v1/telephony/inbound/fake",
  headers: {},
  body: new Uint8Array(),
  ...changes
})

describe("the addresses that may have been signed", () => {
  it("include the path of PUBLIC_URL dropped and doubled, and a slash at the end", () => {
    const setting = "https://gw.example/voice"
    const urls = alternativeUrls(setting, rawOf({ publicUrl: `${setting}/api/in?b=2&a=1` })).map(({ url }) => url)
    assert.include(urls, "https://gw.example/api/in?b=2&a=1")
    assert.include(urls, "https://gw.example/voice/voice/api/in?b=2&a=1")
    assert.include(urls, "https://gw.example/voice/api/in/?b=2&a=1")
    assert.notInclude(urls, `${setting}/api/in?b=2&a=1`)
  })

  it("are never more than a hundred, all different, whatever the headers say", () => {
    const header = fc.oneof(fc.webAuthority(), fc.string(), fc.constant("a,b:1,c,d,e,f"))
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("host", "x-forwarded-host", "x-forwarded-port", "forwarded"), header),
        (headers) => {
          const urls = alternativeUrls("https://gw.example", rawOf({ headers })).map(({ url }) => url)
          assert.isAtMost(urls.length, 100)
          assert.strictEqual(new Set(urls).size, urls.length)
          for (const url of urls) assert.isTrue(URL.canParse(url), url)
        }
      )
    )
  })
})

describe("what is kept of a request", () => {
  it("never has a part of a path with a digit or a capital, nor a value of a query", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_%+-]{0,20}[A-Z0-9%+][A-Za-z0-9_%+-]{0,20}$/)
    fc.assert(
      fc.property(secret, secret, (inPath, inQuery) => {
        const shown = redactedUrl(`https://gw.example/a/x${inPath}x/b?name=y${inQuery}y#z${inQuery}z`, new Set())
        assert.strictEqual(shown, "https://gw.example/a/***/b?name=***")
      })
    )
  })

  it("is bounded, printable, and takes any request", () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.string()), fc.uint8Array(), (text, headers, body) => {
        const raw = rawOf({ method: text, publicUrl: text, headers: { ...headers, forwarded: text.repeat(99) }, body })
        const kept = JSON.stringify(describeRequest(raw, text.repeat(99), new Set()))
        assert.isAtMost(kept.length, 4_000)
        assert.match(kept, /^[\x20-\x7e]*$/)
      })
    )
  })
})

describe("the gate", () => {
  it("lets one failure a second through for each configuration, and five in all", () => {
    const passes = makeGate({ everyMs: 1000, mostPerSecond: 5 })
    assert.deepStrictEqual(
      [0, 10, 999, 1000].map((at) => passes("a", at)),
      [true, false, false, true]
    )
    const others = Array.from({ length: 10 }, (_, index) => passes(`b${index}`, 1500))
    assert.strictEqual(others.filter((passed) => passed).length, 4)
    assert.isTrue(passes("c", 2000))
  })
})
