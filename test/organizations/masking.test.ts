import { assert, describe, it } from "@effect/vitest"
import { Result, type Schema } from "effect"
import * as fc from "fast-check"
import type { FormField, FormValues } from "../../src/Form.ts"
import { lookUp } from "../../src/organizations/fieldPaths.ts"
import { MASK, mask, restore } from "../../src/organizations/masking.ts"

const field = (name: string, options: Partial<FormField> = {}): FormField => ({
  name,
  label: name,
  type: "text",
  required: false,
  sensitive: true,
  ...options
})

const fields = [
  field("secret"),
  field("keys", { type: "string-array" }),
  field("nested.secret"),
  field("nested.plain", { sensitive: false }),
  field("plain", { sensitive: false }),
  field("copy", { type: "readonly", sensitive: false })
]

const restored = (sent: FormValues, stored: FormValues, mode: "replace" | "merge" = "replace") =>
  Result.getOrThrow(restore(sent, stored, fields, mode))
const refused = (sent: FormValues, stored: FormValues, mode: "replace" | "merge" = "replace") =>
  Result.getOrThrow(Result.flip(restore(sent, stored, fields, mode))).map((error) => error.field)

describe("masking", () => {
  it("shows the last four characters of values of 12 or more, and nothing of shorter ones", () => {
    const shown = (secret: string) => mask({ secret }, fields)["secret"]
    assert.strictEqual(shown("abcdefghijkl"), "********ijkl")
    assert.strictEqual(shown("abcdefghijk"), "********")
    assert.strictEqual(shown(""), "********")
    assert.strictEqual(shown("🔑".repeat(12)), `********${"🔑".repeat(4)}`)
  })

  it("masks nested fields and each item of a list, and shows plain fields", () => {
    assert.deepStrictEqual(
      mask(
        { keys: ["aaaaaaaaaaaa1234", "short"], nested: { secret: "bbbbbbbbbbbb5678", plain: "x" }, plain: 3 },
        fields
      ),
      { keys: ["********1234", "********"], nested: { secret: "********5678", plain: "x" }, plain: 3 }
    )
  })

  it("never shows what the form does not name", () => {
    assert.deepStrictEqual(mask({ unknown: "x", nested: { unknown: "y" } }, fields), {})
  })

  it("keeps a secret that comes back as its mask", () => {
    const stored = { secret: "abcdefghijkl", keys: ["aaaaaaaaaaaa1234", "short"], nested: { secret: "s" } }
    assert.deepStrictEqual(restored(mask(stored, fields), stored), stored)
  })

  it("refuses any other value that begins with the mask, naming the field", () => {
    const stored = { secret: "abcdefghijkl", nested: { secret: "abcdefghijkl" }, keys: ["abcdefghijkl"] }
    assert.deepStrictEqual(refused({ secret: "********ijkx" }, stored), ["secret"])
    assert.deepStrictEqual(refused({ secret: "********" }, stored), ["secret"])
    assert.deepStrictEqual(refused({ secret: "********ijklm", nested: { secret: "*********" } }, stored), [
      "secret",
      "nested.secret"
    ])
    assert.deepStrictEqual(refused({ keys: ["********ijkl", "********wxyz"] }, stored), ["keys"])
    assert.deepStrictEqual(refused({ secret: "********ijkl" }, {}), ["secret"])
    for (const pasted of [" ********ijkl", "\n********", "\u00a0********wxyz"]) {
      assert.deepStrictEqual(refused({ secret: pasted, keys: [pasted] }, stored), ["secret", "keys"])
    }
  })

  it("lets plain fields begin with the mask", () => {
    assert.deepStrictEqual(restored({ plain: "********x" }, {}), { plain: "********x" })
  })

  it("clears on PUT what is absent or null", () => {
    const stored = { secret: "abcdefghijkl", plain: "x", nested: { secret: "s", plain: "p" } }
    assert.deepStrictEqual(restored({ plain: null, nested: { secret: null, plain: "q" } }, stored), {
      nested: { plain: "q" }
    })
  })

  it("keeps on PATCH what is absent and clears what is null", () => {
    const stored = { secret: "abcdefghijkl", plain: "x", nested: { secret: "s", plain: "p" } }
    assert.deepStrictEqual(restored({}, stored, "merge"), stored)
    assert.deepStrictEqual(restored({ nested: { plain: "q" }, plain: null }, stored, "merge"), {
      secret: "abcdefghijkl",
      nested: { secret: "s", plain: "q" }
    })
    assert.deepStrictEqual(restored({ nested: null }, stored, "merge"), { secret: "abcdefghijkl", plain: "x" })
  })

  it("leaves a value of the wrong shape for the schema to refuse", () => {
    assert.deepStrictEqual(restored({ nested: "text" }, { nested: { secret: "s" } }, "merge"), { nested: "text" })
  })

  it("drops readonly fields and passes on what the form does not name", () => {
    assert.deepStrictEqual(restored({ copy: "x", typo: 1 }, {}), { typo: 1 })
  })

  it("refuses a list of masks that cannot be told apart", () => {
    const keys = ["one", "two", "aaaaaaaaaaaa1234"]
    assert.deepStrictEqual(restored({ keys: [MASK, MASK] }, { keys }), { keys: ["one", "two"] })
    assert.deepStrictEqual(restored({ keys: ["********1234"] }, { keys }), { keys: ["aaaaaaaaaaaa1234"] })
    assert.deepStrictEqual(restored({ keys: ["new", MASK, MASK] }, { keys }), { keys: ["new", "one", "two"] })
    assert.deepStrictEqual(refused({ keys: [MASK] }, { keys }), ["keys"])
    assert.deepStrictEqual(refused({ keys: [MASK, MASK, MASK] }, { keys }), ["keys"])
  })
})

const secret = fc
  .oneof(fc.string({ unit: "grapheme", maxLength: 24 }), fc.constantFrom("short", "abcdefghijkl", "zzzzzzzzijkl"))
  .filter((text) => !text.startsWith(MASK))
const saved = fc.record(
  {
    secret,
    keys: fc.array(secret, { maxLength: 3 }),
    nested: fc.record({ secret, plain: fc.string() }, { requiredKeys: [] }),
    plain: fc.string()
  },
  { requiredKeys: [] }
)
const sensitive = fields.filter((field) => field.sensitive)
const secretsOf = (values: FormValues) =>
  sensitive.flatMap(({ name }) => {
    const found = lookUp(values, name)
    return found._tag === "Value" ? [[name, found.value] as const] : []
  })
const holdsMask = (value: Schema.Json): boolean =>
  Array.isArray(value) ? value.some(holdsMask) : typeof value === "string" && value.startsWith(MASK)

describe("masking, for any secrets", () => {
  const mode = fc.constantFrom("replace" as const, "merge" as const)

  it("an untouched form changes nothing", () => {
    fc.assert(
      fc.property(saved, mode, (stored, mode) => {
        assert.deepStrictEqual(secretsOf(restored(mask(stored, fields), stored, mode)), secretsOf(stored))
      })
    )
  })

  it("a form loaded before a rotation is refused or keeps the rotated secrets: it never destroys one", () => {
    fc.assert(
      fc.property(saved, saved, mode, (loaded, rotated, mode) => {
        const result = restore(mask(loaded, fields), rotated, fields, mode)
        if (Result.isFailure(result)) return
        const current = new Map(secretsOf(rotated))
        for (const [name, value] of secretsOf(result.success)) {
          assert.isFalse(holdsMask(value), "a mask is never stored")
          const loadedIt = lookUp(loaded, name)._tag === "Value"
          const isWhole = !Array.isArray(value)
          if (loadedIt && isWhole) assert.deepStrictEqual(value, current.get(name))
          if (loadedIt && !isWhole) {
            const known: ReadonlyArray<unknown> = [current.get(name)].flat()
            assert.isTrue(value.every((item) => known.includes(item)))
          }
        }
      })
    )
  })

  it("nothing that begins with the mask is ever stored in a sensitive field", () => {
    const anything = fc.oneof(
      secret,
      fc.string().map((text) => MASK + text),
      fc.constant(null)
    )
    fc.assert(
      fc.property(
        fc.record({ secret: anything, nested: fc.record({ secret: anything }) }),
        saved,
        mode,
        (sent, stored, mode) => {
          const result = restore(sent, stored, fields, mode)
          if (Result.isSuccess(result)) {
            assert.isFalse(secretsOf(result.success).some(([, value]) => holdsMask(value)))
          }
        }
      )
    )
  })
})
