import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { encodeForm, parseForm, singleField } from "../../src/carrier/forms.ts"

describe("parseForm", () => {
  it("keeps order, repeated names, blank values and unknown escapes", () => {
    assert.deepStrictEqual(parseForm("b=2&a=&B&a=1+%2B%20x&=v&&%zz=%&c=d=e"), [
      ["b", "2"],
      ["a", ""],
      ["B", ""],
      ["a", "1 + x"],
      ["", "v"],
      ["%zz", "%"],
      ["c", "d=e"]
    ])
    assert.deepStrictEqual(parseForm(""), [])
    assert.deepStrictEqual(parseForm("&&"), [])
  })

  it("reads UTF-8, escaped or raw, a byte order mark included", () => {
    assert.deepStrictEqual(parseForm("n=%C5%BB%C3%93&m=Ż&o=%EF%BB%BFx"), [
      ["n", "ŻÓ"],
      ["m", "Ż"],
      ["o", "\ufeffx"]
    ])
  })

  it("refuses bytes that are not UTF-8", () => {
    assert.isUndefined(parseForm("a=%FF"))
    assert.isUndefined(parseForm("a=1&%C3=x"))
    assert.isUndefined(parseForm(Uint8Array.of(0x61, 0x3d, 0xc3, 0x28)))
    assert.isUndefined(parseForm("a=%ED%A0%80"))
  })

  it("agrees with the platform's parser on escaped text", () => {
    const piece = fc.constantFrom("x", "Z", "=", "&", "+", "%", "%20", "%2", "%C5%BB", "%26", "%3D", "?", "#")
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = `x=1&${pieces.join("")}`
        assert.deepStrictEqual(
          parseForm(text)?.map((field) => Array.from(field)),
          Array.from(new URLSearchParams(text), (field) => Array.from(field))
        )
      }),
      { numRuns: 500 }
    )
  })

  it("never fails on any bytes, and reads back what encodeForm writes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseForm(bytes)))
    const field = fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }))
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        assert.deepStrictEqual(parseForm(encodeForm(fields)), fields)
      })
    )
  })
})

describe("singleField", () => {
  it("gives a value that is there once, or the same more than once", () => {
    const fields = parseForm("a=1&b=2&b=2&c=3&c=4&d=") ?? []
    assert.strictEqual(singleField(fields, "a"), "1")
    assert.strictEqual(singleField(fields, "b"), "2")
    assert.isUndefined(singleField(fields, "c"))
    assert.strictEqual(singleField(fields, "d"), "")
    assert.isUndefined(singleField(fields, "e"))
  })
})
