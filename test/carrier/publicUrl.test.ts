import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { equalBytes, equalText } from "../../src/carrier/constantTime.ts"
import { asWebSocketUrl, liesUnder, originOf, portVariants, rawQuery, urlParts } from "../../src/carrier/publicUrl.ts"

describe("urlParts", () => {
  it("cuts a URL without changing a character", () => {
    assert.deepStrictEqual(urlParts("https://u:p@Host.example:8443/a%20b/?x=y z#f"), {
      scheme: "https://",
      userInfo: "u:p@",
      host: "Host.example",
      port: ":8443",
      rest: "/a%20b/?x=y z#f"
    })
    assert.deepStrictEqual(urlParts("ws://[::1]:9?q=a:b@c"), {
      scheme: "ws://",
      userInfo: "",
      host: "[::1]",
      port: ":9",
      rest: "?q=a:b@c"
    })
    assert.isUndefined(urlParts("/relative"))
  })

  it("loses nothing of any text", () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        const url = `https://${tail}`
        const parts = urlParts(url)
        assert.strictEqual(parts && parts.scheme + parts.userInfo + parts.host + parts.port + parts.rest, url)
      })
    )
  })
})

describe("portVariants", () => {
  it("has the URL without its port, and with it or the scheme's own", () => {
    assert.deepStrictEqual(portVariants("https://h/p?q"), ["https://h/p?q", "https://h:443/p?q"])
    assert.deepStrictEqual(portVariants("http://h/"), ["http://h/", "http://h:80/"])
    assert.deepStrictEqual(portVariants("wss://h"), ["wss://h", "wss://h:443"])
    assert.deepStrictEqual(portVariants("https://h:8443/p"), ["https://h/p", "https://h:8443/p"])
    assert.deepStrictEqual(portVariants("nonsense"), ["nonsense"])
  })
})

describe("the rest of a URL", () => {
  it("becomes a WebSocket's", () => {
    assert.strictEqual(asWebSocketUrl("https://h/p"), "wss://h/p")
    assert.strictEqual(asWebSocketUrl("http://h/p"), "ws://h/p")
    assert.strictEqual(asWebSocketUrl("wss://h/p"), "wss://h/p")
  })

  it("gives its query, and what of it may be logged", () => {
    assert.strictEqual(rawQuery("https://h/p?a=b?c#d?e"), "a=b?c")
    assert.strictEqual(rawQuery("https://h/p#?a"), "")
    assert.strictEqual(originOf("https://user:secret@h:1/t0ken?t0ken"), "https://h:1")
  })

  it("lies under a prefix only at a boundary", () => {
    assert.isTrue(liesUnder("https://a.example/x", "https://a.example"))
    assert.isTrue(liesUnder("https://a.example/x", "https://a.example/"))
    assert.isTrue(liesUnder("https://a.example", "https://a.example"))
    assert.isFalse(liesUnder("https://a.example.org/x", "https://a.example"))
    assert.isFalse(liesUnder("https://a.example:444/x", "https://a.example"))
    assert.isFalse(liesUnder("", "https://a.example"))
  })
})

describe("constant-time comparison", () => {
  it("tells equal from different, also in length", () => {
    assert.isTrue(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)))
    assert.isFalse(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)))
    assert.isFalse(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1)))
    assert.isTrue(equalText("żółw", "żółw"))
    assert.isFalse(equalText("a", "ab"))
    assert.isTrue(equalText("", ""))
  })
})
