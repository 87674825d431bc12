import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { readTwiml } from "../../src/providers/twilio/simulator/twiml.ts"
import { parseXml } from "../../src/simulator/Xml.ts"

const escape = (text: string) =>
  text.replace(/[&<>"'\n\r\t]/g, (character) => `&#x${character.codePointAt(0)?.toString(16)};`)
/** Any characters that XML 1.0 allows. */
const characters = fc
  .string({ unit: "grapheme", maxLength: 30 })
  .map((text) => text.replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, ""))

describe("the XML reader", () => {
  it("gives back what was escaped", () => {
    fc.assert(
      fc.property(characters, characters, (attribute, text) => {
        const source = `<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><a b="${escape(attribute)}"><c/>${escape(text)}<![CDATA[<&]]></a>`
        const root = Result.getOrThrow(parseXml(source))
        assert.strictEqual(root.attributes.get("b"), attribute)
        assert.strictEqual(root.text, `${text}<&`)
        assert.deepStrictEqual(
          root.children.map(({ name }) => name),
          ["c"]
        )
      })
    )
  })

  it("refuses what is not well-formed", () => {
    const broken = [
      "",
      "text",
      "<a>",
      "<a></b>",
      "</a>",
      "<a/><b/>",
      "<a b='1' b='2'/>",
      "<a b=1/>",
      "<a b='<'/>",
      "<a b='x'c='y'/>",
      "<a>a & b</a>",
      "<a>&nbsp;</a>",
      "<a>&#0;</a>",
      "<a>&amp</a>",
      "<a>]]></a>",
      "<a>\u0001</a>",
      "<a><!-- -- --></a>",
      "<!DOCTYPE a><a/>",
      " <?xml version='1.0'?><a/>",
      "<1a/>",
      "<a",
      "<a b='1'",
      "<a/>x"
    ]
    for (const source of broken) assert.isTrue(Result.isFailure(parseXml(source)), source)
  })

  it("ends on any text, well-formed or not", () => {
    const pieces = fc.constantFrom("<", ">", "a", "/", '"', "'", "=", " ", "&", ";", "amp", "<!--", "-->", "<![CDATA[")
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        parseXml(parts.join(""))
      })
    )
  })
})

describe("TwiML", () => {
  const context = { baseUrl: "https://ours.example/twilio/answer?x=1", insecureLoopback: false }
  const read = (verbs: string) => Result.getOrThrow(readTwiml(`<Response>${verbs}</Response>`, context))

  it("reads the stream that connects an agent, without the query of its URL", () => {
    const { verbs, warnings } = read(
      `<Connect action="/after"><Stream url="wss://ours.example/media/a%20b/?token=1" name="n" statusCallback="https://ours.example/s">
        <Parameter name="runId" value="a&amp;b"/></Stream></Connect><Hangup/>`
    )
    assert.deepStrictEqual(warnings, [])
    assert.deepStrictEqual(verbs[0], {
      _tag: "Connect",
      action: "/after",
      method: "POST",
      stream: {
        url: "wss://ours.example/media/a%20b/",
        name: "n",
        statusCallback: "https://ours.example/s",
        statusCallbackMethod: "POST",
        parameters: { runId: "a&b" }
      }
    })
    assert.deepStrictEqual(verbs[1], { _tag: "Hangup" })
  })

  it("resolves relative URLs, and warns of what is not in the language", () => {
    assert.deepStrictEqual(read("<Redirect method='get'>next?y=2</Redirect>").verbs, [
      { _tag: "Redirect", url: "https://ours.example/twilio/next?y=2", method: "GET" }
    ])
    const stream = read(`<Start><Stream url="/media"/></Start>`).verbs[0]
    assert.strictEqual(stream?._tag === "Start" ? stream.stream.url : "", "wss://ours.example/media")
    const cases = [
      ["<Dance/>", /12200/],
      ["<Say tone='x'>a</Say>", /12200/],
      ["hello", /12200/],
      ["<Connect/>", /12200/],
      ["<Connect><Stream url='wss://x' track='both_tracks'/></Connect>", /31941/],
      ["<Connect><Stream url='ws://127.0.0.1/x'/></Connect>", /31922/],
      ["<Connect><Stream url='wss://'/></Connect>", /31923/]
    ] as const
    for (const [verbs, warning] of cases) assert.match(read(verbs).warnings.join(), warning, verbs)
  })
})
