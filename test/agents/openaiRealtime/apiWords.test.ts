import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as fc from "fast-check"
import { apiWords, refusals } from "../../../src/agents/openaiRealtime/apiWords.ts"

const key = "a-key-of-another-server"

describe("what an API says", () => {
  it("is one short line without a key in it, whatever it is", () => {
    const words = apiWords(Redacted.make(key))
    assert.strictEqual(words(`  There\nis no\tmodel "x"  for ${key}. `), 'There is no model "x" for ….')
    assert.strictEqual(
      words("Incorrect API key provided: sk-proj-ab****yz. Sorry."),
      "Incorrect API key provided: … Sorry."
    )
    assert.strictEqual(apiWords(undefined)("ek_68af296e8e408191a1120ab6383263c2"), "…")
    const anywhere = fc.tuple(fc.string(), fc.string()).map(([before, after]) => before + key + after)
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 2000 }), anywhere), (text) => {
        const said = words(text)
        return said.length <= 301 && !said.includes(key) && !/[\p{Cc}\n]/u.test(said)
      })
    )
  })

  it("is left out where there is nothing, and where it is about the key", () => {
    const says = refusals("api.example", apiWords(Redacted.make(key)))
    assert.strictEqual(says.event({ message: null }), "The API at api.example refused the session.")
    assert.strictEqual(says.event({ code: "invalid_api_key", message: "a-key" }), says.answer(401, '{"error":'))
    assert.include(says.answer(403, JSON.stringify({ error: { message: "No access." } })), "HTTP 403")
    assert.include(says.answer(403, JSON.stringify({ error: { message: "No access." } })), "It says: No access.")
    assert.include(says.answer(403, "<html>"), "Check what the key may do")
  })
})
