import { assert, describe, it } from "@effect/vitest"
import { explain } from "../../../src/providers/twilio/errors.ts"

/** The numbers of Twilio's dictionary that its REST API answers our requests with. */
const codes = [
  10001, 10003, 10004, 20003, 20404, 20429, 21201, 21203, 21205, 21210, 21211, 21212, 21213, 21214, 21215, 21216, 21217,
  21218, 21219, 21220, 21262, 21263, 21626, 32016, 32017, 32018, 32019
]

const explained = (json: unknown, status = 400) =>
  explain({ status, json: JSON.parse(JSON.stringify(json)), text: "", header: () => undefined, complete: true })

describe("Twilio's error numbers", () => {
  for (const code of codes) {
    it(`${code} says what is wrong, and then what to do`, () => {
      const { kind, message, code: told } = explained({ code, message: "for +442071838750", status: 400 })
      assert.isDefined(kind)
      assert.strictEqual(told, String(code))
      const sentences = (message ?? "").replace(`Twilio error ${code}: `, "").match(/[A-Z][^.]+\./g) ?? []
      assert.isAtLeast(sentences.length, 2, message)
      assert.notInclude(message ?? "", "+442071838750")
    })
  }

  it("that we do not know lead to Twilio's page, and no number at all to nothing", () => {
    assert.deepStrictEqual(explained({ code: 29_999 }), {
      code: "29999",
      message: "Twilio error 29999 (HTTP 400). See https://www.twilio.com/docs/errors/29999."
    })
    for (const body of [{}, null, [], "x", { code: "20003" }, { code: 0 }, { code: 1.5 }])
      assert.deepStrictEqual(explained(body), {})
  })
})
