import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { compileDnid } from "../../../../src/providers/cloudonix/simulator/dnidPattern.ts"

const plain = { prefix: false, expression: false, asteriskCompatible: false }
const matches = (entry: Parameters<typeof compileDnid>[0], number: string) =>
  new RegExp(compileDnid(entry) ?? assert.fail("it does not compile")).test(number)

describe("a DNID", () => {
  it("is a number, a prefix, an expression or a pattern", () => {
    const number = { ...plain, source: "+14155550123" }
    assert.strictEqual(compileDnid(number), "^(\\+14155550123)$")
    assert.isFalse(matches(number, "+141555501234"))
    const prefix = { ...plain, prefix: true, source: "+1415" }
    assert.isTrue(matches(prefix, "+14155550123"))
    assert.isFalse(matches(prefix, "+442071838750"))
    assert.isTrue(matches({ ...plain, expression: true, source: "^\\+44.*$" }, "+442071838750"))
    const pattern = { ...plain, asteriskCompatible: true }
    assert.isTrue(matches({ ...pattern, source: "_NXXZ[1-3]." }, "20012999"))
    for (const number of ["10012999", "20002999", "20014999", "20012"]) {
      assert.isFalse(matches({ ...pattern, source: "_NXXZ[1-3]." }, number), number)
    }
    assert.isTrue(matches({ ...pattern, source: "_12!" }, "12"))
    assert.isUndefined(compileDnid({ ...pattern, source: "12X" }))
    assert.isUndefined(compileDnid({ ...plain, source: "+1", prefix: true, expression: true }))
  })

  it.prop(
    "that is a number matches itself and nothing longer, whatever characters it has",
    { source: Schema.NonEmptyString },
    ({ source }) => {
      const line = source.replace(/[\n\r\u2028\u2029]/g, "")
      if (line === "") return
      assert.isTrue(matches({ ...plain, source: line }, line))
      assert.isFalse(matches({ ...plain, source: line }, `${line}0`))
      assert.isTrue(matches({ ...plain, prefix: true, source: line }, `${line}0`))
    }
  )
})
