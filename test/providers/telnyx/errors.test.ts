import { assert, describe, it } from "@effect/vitest"
import { explain } from "../../../src/providers/telnyx/errors.ts"

/** The codes of the protocol document. */
const codes = [
  ..."10009 20001 20002 20003 20008 10010 20013 20014 20016 20017 10011 10015 10016 10038 10039 20012 20100".split(" "),
  ..."85004 90015 90017 90018 90034 90041 90042 90043 90044 90045 90046 90048 90102".split(" "),
  ..."D1 D7 D38 D35 D36 D51 D60 D61".split(" ")
]

const explained = (json: unknown, status = 422) =>
  explain({ status, json: JSON.parse(JSON.stringify(json)), text: "", header: () => undefined, complete: true })

describe("Telnyx's error codes", () => {
  for (const code of codes) {
    it(`${code} says what is wrong`, () => {
      const { kind, message, code: told } = explained({ errors: [{ code, detail: "for +15551230002" }] })
      assert.isDefined(kind)
      assert.strictEqual(told, code)
      assert.match(message ?? "", new RegExp(`^Telnyx error ${code}: [A-Z].+\\.$`))
      assert.notInclude(message ?? "", "+15551230002")
    })
  }

  it("are text, but read as numbers too; of several the one that we know counts", () => {
    assert.strictEqual(explained({ errors: [{ code: 90_018 }] }).kind, "not-found")
    assert.strictEqual(explained({ errors: [{ code: "99999" }, { code: "90018" }] }).code, "90018")
  })

  it("that we do not know lead to Telnyx's page, and none at all to nothing", () => {
    assert.deepStrictEqual(explained({ errors: [{ code: "99999" }] }), {
      code: "99999",
      message: "Telnyx error 99999 (HTTP 422). See https://developers.telnyx.com/docs/overview/errors/99999."
    })
    for (const body of [{}, null, [], "x", { errors: [] }, { errors: [{ code: "<script>" }] }, { errors: [{}] }])
      assert.deepStrictEqual(explained(body), {})
  })
})
