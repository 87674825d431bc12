import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import {
  below,
  changedFields,
  type FormField,
  initialValues,
  judge,
  payloadOf,
  rebased,
  visibleFields
} from "../../ui/src/form/fields.ts"

const field = (name: string, more: Partial<FormField> = {}): FormField => ({
  name,
  label: name,
  type: "text",
  required: false,
  sensitive: false,
  ...more
})

const word = fc.string({ minLength: 1, maxLength: 12 })
/** A saved value of each type that a form can change; none of them blank. */
const saved: Readonly<Record<string, fc.Arbitrary<Schema.Json>>> = {
  text: word,
  password: word,
  textarea: word,
  select: word,
  number: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((number) => number + 0),
  boolean: fc.boolean(),
  "string-array": fc.array(word, { minLength: 1, maxLength: 4 })
}
const types = ["text", "password", "textarea", "select", "number", "boolean", "string-array"] as const

/** Some fields, flat and nested, and a saved value for each. */
const form = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 6 }).chain((names) =>
  fc.tuple(
    ...names.map((name, index) =>
      fc.constantFrom(...types).chain((type) =>
        fc.record({
          field: fc.constant(field(index % 2 === 0 ? name : `inner.${name}`, { type })),
          value: saved[type] ?? word
        })
      )
    )
  )
)

interface Entry {
  readonly field: FormField
  readonly value: Schema.Json
}

const pairs = (entries: ReadonlyArray<Entry>) =>
  Object.fromEntries(entries.map(({ field: { name }, value }) => [name.replace("inner.", ""), value]))

/** The saved values of a form as the service shows them. */
const nested = (entries: ReadonlyArray<Entry>) => {
  const inner = entries.filter(({ field: { name } }) => name.includes("."))
  const plain = entries.filter((entry) => !inner.includes(entry))
  return { ...pairs(plain), ...(inner.length === 0 ? {} : { inner: pairs(inner) }) }
}

describe("the fields of a form", () => {
  it("send back what was saved, when nothing is changed", () => {
    fc.assert(
      fc.property(form, (entries) => {
        // A form that has a field named like the object around others is none.
        if (entries.some(({ field: { name } }) => name === "inner")) return
        const fields = entries.map((each) => each.field)
        const before = nested(entries)
        assert.deepStrictEqual(payloadOf(fields, initialValues(fields, before)), before)
        const deep = below("config", fields)
        assert.deepStrictEqual(payloadOf(deep, initialValues(deep, { config: before })), { config: before })
      })
    )
  })

  it("send nothing of an empty form but what has a default, and boxes that are not ticked", () => {
    const fields = types.map((type) => field(type, { type }))
    assert.deepStrictEqual(payloadOf(fields, initialValues(fields)), { boolean: false })
    const defaulted = [
      field("text", { default: "PJSIP" }),
      field("number", { type: "number", default: 20 }),
      field("boolean", { type: "boolean", default: true }),
      field("list", { type: "string-array", default: ["a"] })
    ]
    assert.deepStrictEqual(payloadOf(defaulted, initialValues(defaulted)), {
      text: "PJSIP",
      number: 20,
      boolean: true,
      list: ["a"]
    })
    assert.deepStrictEqual(payloadOf(defaulted, { text: "", number: " ", boolean: false, list: [] }), {
      boolean: false,
      list: []
    })
  })

  it("never send what is read-only or hidden, by a chain too", () => {
    const fields = [
      field("mode", { type: "select" }),
      field("port", { type: "number", visible_when: { field: "mode", equals: "server" } }),
      field("tls", { type: "boolean", visible_when: { field: "port", equals: 443 } }),
      field("certificate", { visible_when: { field: "tls", equals: true } }),
      field("shown", { type: "readonly" })
    ]
    const values = { mode: "server", port: "443", tls: true, certificate: "pem", shown: "copy me" }
    const names = (now: typeof values) => visibleFields(fields, now).map(({ name }) => name)
    assert.deepStrictEqual(names(values), ["mode", "port", "tls", "certificate", "shown"])
    assert.deepStrictEqual(payloadOf(fields, values), { mode: "server", port: 443, tls: true, certificate: "pem" })
    assert.deepStrictEqual(names({ ...values, port: "80" }), ["mode", "port", "shown"])
    assert.deepStrictEqual(payloadOf(fields, { ...values, mode: "client" }), { mode: "client" })
    const circle = [
      field("a", { visible_when: { field: "b", equals: "x" } }),
      field("b", { visible_when: { field: "a", equals: "x" } })
    ]
    assert.deepStrictEqual(visibleFields(circle, { a: "x", b: "x" }), [])
  })

  it("keep what was typed on top of a newer version, and take the rest from it", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word), { minLength: 1, maxLength: 5 }), (columns) => {
        const fields = columns.map((_, index) => field(`f${index}`))
        const row = (at: 0 | 1 | 2) => Object.fromEntries(columns.map((each, index) => [`f${index}`, each[at]]))
        const [older, typed, newer] = [row(0), row(1), row(2)]
        const values = rebased(fields, { older, typed, newer })
        const mine = changedFields(fields, older, typed).map(({ name }) => name)
        for (const { name } of fields) {
          assert.strictEqual(values[name], mine.includes(name) ? typed[name] : newer[name])
        }
        assert.deepStrictEqual(rebased(fields, { older, typed: older, newer }), newer)
      })
    )
  })

  it("judge by what the service publishes, and let stored secrets pass", () => {
    const sid = field("sid", { required: true, pattern: "^AC[0-9a-f]{4}$", pattern_message: "an account SID" })
    assert.strictEqual(judge(sid, ""), "sid is needed")
    assert.strictEqual(judge(sid, "AC12"), "Expected an account SID")
    assert.isTrue(judge(sid, "AC12ab"))
    assert.isTrue(judge(sid, "********12ab"))
    const between = field("seconds", { type: "number", minimum: 1, maximum: 60 })
    assert.deepStrictEqual(
      ["", "1", "60", "0.5", "61", "ten"].map((value) => judge(between, value)),
      [true, true, true, "Expected at least 1", "Expected at most 60", "Expected a number"]
    )
    const short = field("short", { min_length: 2, max_length: 3 })
    assert.deepStrictEqual(
      ["a", "ab", "abcd"].map((value) => judge(short, value)),
      ["Expected at least 2 characters", true, "Expected at most 3 characters"]
    )
    const list = field("list", { type: "string-array", required: true, max_length: 1 })
    assert.deepStrictEqual(
      [[], ["a"], ["a", "b"]].map((value) => judge(list, value)),
      ["list is needed", true, "Expected at most 1 entry"]
    )
  })
})
