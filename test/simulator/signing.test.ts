import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import webhooks from "twilio/lib/webhooks/webhooks.js"
import { encodeForm, sign } from "../../src/providers/twilio/simulator/signing.ts"

const url = "https://mycompany.com/myapp.php?foo=1&bar=2"
const field = fc.tuple(fc.constantFrom("A", "a", "A_", "B", "To", "ŻÓ"), fc.string({ unit: "grapheme", maxLength: 12 }))

describe("the signature of the fake", () => {
  it("matches the published examples", () => {
    const p = [
      ["To", "+18005551212"],
      ["From", "+14158675309"],
      ["Digits", "1234"],
      ["Caller", "+14158675309"],
      ["CallSid", "CA1234567890ABCDE"]
    ] as const
    assert.strictEqual(sign("12345", url, p), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    const repeated = [
      ["Sid", "CA123"],
      ["SidAccount", "AC123"],
      ...["5678", "1234", "1234"].map((d) => ["Digits", d] as const)
    ] as const
    assert.strictEqual(sign("12345", url, repeated), "IK+Dwps556ElfBT0I3Rgjkr1wJU=")
    const token = "0123456789abcdef0123456789abcdef"
    const names = [
      ["b", "2"],
      ["B", "1"],
      ["a", "0"],
      ["A_", "9"]
    ] as const
    assert.strictEqual(sign(token, "https://voice.example.com/x", names), "5FO/9lK0F5bol4cj7b5AYbirlSA=")
    assert.strictEqual(sign(token, "https://voice.example.com/x"), "nkWUipdkeEbdcTcDZYsoxo0r4ww=")
    assert.strictEqual(sign(token, "wss://voice.example.com/media/twilio/s_01HZX/9c2f"), "bY9TTOg7UTr3yqrGHmrw7FWCEXg=")
  })

  it("is what the carrier's own library expects, for any fields, after the form's way over the wire", () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
        const sent = fields.map(([name, value]) => [name, value.toWellFormed()] as const)
        const received: Record<string, string | Array<string>> = {}
        for (const [name, value] of new URLSearchParams(encodeForm(sent))) {
          const before = received[name]
          received[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
        }
        assert.isTrue(webhooks.validateRequest("token", sign("token", url, sent), url, received))
        assert.strictEqual(sign("token", `${url}#rc=2`, sent), sign("token", url, sent))
      })
    )
  })
})
