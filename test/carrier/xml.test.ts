import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { element, encodeXml, escapeAttribute, escapeText } from "../../src/carrier/xml.ts"
import { parseXml } from "./strictXml.ts"

/** Any UTF-16, lone surrogates and control characters included, with much of what needs care. */
const anyText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
      fc.constantFrom("&", "<", ">", '"', "'", "\n", "\r", "\t", "]]>", "&amp;", "\u{1f600}", "\ufffe", "\u0000")
    ),
    { maxLength: 30 }
  )
  .map((parts) => parts.join(""))

const legal = (text: string) =>
  Array.from(text)
    .filter((character) => {
      const code = character.codePointAt(0) ?? 0
      return (
        (code >= 0x20 || code === 9 || code === 10 || code === 13) &&
        !(code >= 0xd800 && code <= 0xdfff) &&
        code !== 0xfffe &&
        code !== 0xffff
      )
    })
    .join("")

describe("encodeXml", () => {
  it("writes elements, attributes and text in order", () => {
    const document = encodeXml(
      element("Response", {}, [element("Say", { language: "en-US", loop: undefined }, ["Hello"]), element("Hangup")])
    )
    assert.strictEqual(
      document,
      '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-US">Hello</Say><Hangup/></Response>'
    )
  })

  it("escapes all five special characters, and white space that a parser would change", () => {
    assert.strictEqual(escapeAttribute(`x<"y"'z>&\n\t\rŻ`), "x&lt;&quot;y&quot;&apos;z&gt;&amp;&#xA;&#x9;&#xD;Ż")
    assert.strictEqual(escapeText(`Tom & "Jerry" <'x'> Ż`), "Tom &amp; &quot;Jerry&quot; &lt;&apos;x&apos;&gt; Ż")
  })

  it("takes out what XML 1.0 does not allow, and keeps pairs of surrogates", () => {
    assert.strictEqual(escapeText("a\u0000b\u000b\u001fc\ufffe\uffffd\ud800e\udc00f\u{1f600}"), "abcdef\u{1f600}")
  })

  it("whatever the data, the document is well-formed and gives the data back", () => {
    fc.assert(
      fc.property(anyText, anyText, (value, text) => {
        const parsed = parseXml(encodeXml(element("A", { b: value }, [element("C"), text])))
        const expected = legal(text)
        assert.deepStrictEqual(parsed, {
          name: "A",
          attributes: { b: legal(value) },
          children: [{ name: "C", attributes: {}, children: [] }, ...(expected === "" ? [] : [expected])]
        })
      }),
      { numRuns: 500 }
    )
  })
})
