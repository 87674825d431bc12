import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import { AgentRegistry } from "../src/agents/AgentRegistry.ts"
import * as agentKinds from "../src/agents/kinds.ts"
import { Effect, Layer } from "effect"
import { fieldErrors, type FormField } from "../src/Form.ts"
import { withConstraints } from "../src/FormConstraints.ts"
import * as providers from "../src/providers/index.ts"

const kinds = Effect.runSync(
  AgentRegistry.use((registry) => registry.all).pipe(
    Effect.provide(agentKinds.layer.pipe(Layer.provideMerge(AgentRegistry.layer)))
  )
)

const forms: ReadonlyArray<
  readonly [name: string, fields: ReadonlyArray<FormField>, schema: Schema.Codec<unknown, unknown>, base: object]
> = [
  ...Object.values(providers).map(
    ({ spec }) =>
      [`the provider ${spec.name}`, spec.uiMetadata.fields, spec.unionRequest, { provider: spec.name }] as const
  ),
  ...kinds.map(
    ({ name, fields, settings }) => [`the agent kind ${name}`, withConstraints(fields, settings), settings, {}] as const
  )
]

/** An object with a value at a dotted path. */
const nested = (path: ReadonlyArray<string>, value: unknown): object => {
  const [key = "", ...rest] = path
  return { [key]: rest.length === 0 ? value : nested(rest, value) }
}

/** Values of a field that break one of its constraints each. */
const breaking = ({ min_length, max_length, minimum, maximum, pattern }: FormField): ReadonlyArray<unknown> => {
  const misfits = ["", " ", "\u0001 ", "{}", "x".repeat(5000)].filter(
    (text) => pattern !== undefined && !new RegExp(pattern).test(text)
  )
  return [
    ...(min_length === undefined ? [] : ["x".repeat(min_length - 1)]),
    ...(max_length === undefined ? [] : ["x".repeat(max_length + 1)]),
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(maximum === undefined ? [] : [maximum + 1]),
    ...misfits
  ]
}

describe.each(forms)("the form of %s", (_, fields, schema, base) => {
  it("demands nothing that the schema does not: a value that breaks a constraint is refused there too", () => {
    for (const field of fields) {
      if (field.pattern !== undefined) assert.isNotEmpty(breaking({ ...field, min_length: 1 }), field.name)
      for (const value of breaking(field)) {
        const result = Schema.decodeUnknownResult(schema, { errors: "all" })({
          ...base,
          ...nested(field.name.split("."), value)
        })
        const errors = result._tag === "Failure" ? fieldErrors(result.failure).map((error) => error.field) : []
        assert.include(errors, field.name, `${field.name} = ${JSON.stringify(value)}`)
      }
    }
  })

  it("says in words what a pattern expects", () => {
    for (const { name, pattern, pattern_message } of fields)
      if (pattern !== undefined) assert.notMatch(pattern_message ?? "RegExp", /RegExp/, name)
  })
})

const derived = (schema: Schema.Codec<unknown, unknown>, name = "a") => {
  const [field] = withConstraints([{ name, label: "A", type: "text", required: true, sensitive: false }], schema)
  const { label: _l, name: _n, required: _r, sensitive: _s, type: _t, ...constraints } = field ?? {}
  return constraints
}

describe("constraints", () => {
  it("are what the schema of the saved value says, also of a secret, an optional one and one with a default", () => {
    const text = Schema.String.check(
      Schema.isMinLength(2),
      Schema.isMaxLength(9),
      Schema.isPattern(/^[a-z]+$/, { expected: "lower-case letters" })
    )
    const wanted = { min_length: 2, max_length: 9, pattern: "^[a-z]+$", pattern_message: "lower-case letters" }
    for (const schema of [
      text,
      Schema.RedactedFromValue(text),
      Schema.optionalKey(text),
      Schema.optionalKey(Schema.RedactedFromValue(text)),
      text.pipe(Schema.withDecodingDefaultKey(Effect.succeed("abc")))
    ])
      assert.deepStrictEqual(derived(Schema.Struct({ a: schema })), wanted)
    assert.deepStrictEqual(derived(Schema.Struct({ a: Schema.Struct({ b: text }) }), "a.b"), wanted)
    assert.deepStrictEqual(
      derived(Schema.Struct({ a: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 })) })),
      { minimum: 0, maximum: 60 }
    )
  })

  it("are left out where a form could not keep them as the schema does", () => {
    const exclusive = Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMinimum: true }))
    assert.deepStrictEqual(derived(Schema.Struct({ a: exclusive })), {})
    assert.deepStrictEqual(derived(Schema.Struct({ a: Schema.String.check(Schema.isPattern(/^a$/i)) })), {})
    // White space around it is dropped before the schema looks.
    assert.deepStrictEqual(derived(Schema.Struct({ a: Schema.Trim.check(Schema.isPattern(/^a$/)) })), {})
    assert.deepStrictEqual(derived(Schema.Struct({ b: Schema.String }), "a.b.c"), {})
  })

  it("are there for real fields", () => {
    const [, fields = []] = forms.find(([name]) => name.endsWith("websocket")) ?? []
    const found = (name: string) => fields.find((field) => field.name === name)
    assert.strictEqual(found("secret")?.min_length, 16)
    assert.strictEqual(found("line.redial_s")?.maximum, 60)
    assert.isTrue(Option.isSome(Option.fromUndefinedOr(found("url")?.max_length)))
  })
})
