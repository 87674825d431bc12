import { Option, Schema, SchemaAST } from "effect"
import type { FormField } from "./Form.ts"

type Constraints = Pick<FormField, "min_length" | "max_length" | "minimum" | "maximum" | "pattern" | "pattern_message">

/** What the checks of the library say of themselves. A limit that itself is not allowed cannot be told a form. */
const Lengths = Schema.Struct({
  minLength: Schema.optionalKey(Schema.Finite),
  maxLength: Schema.optionalKey(Schema.Finite)
})
const Limits = Schema.Struct({
  minimum: Schema.optionalKey(Schema.Finite),
  maximum: Schema.optionalKey(Schema.Finite),
  exclusiveMinimum: Schema.optionalKey(Schema.Undefined),
  exclusiveMaximum: Schema.optionalKey(Schema.Undefined)
})
const Pattern = Schema.Struct({ source: Schema.String, flags: Schema.Literal("") })

const lengths = (payload: unknown): Constraints => {
  const { minLength, maxLength } = Option.getOrElse(Schema.decodeUnknownOption(Lengths)(payload), () =>
    Lengths.make({})
  )
  return {
    ...(minLength === undefined ? {} : { min_length: minLength }),
    ...(maxLength === undefined ? {} : { max_length: maxLength })
  }
}

const limits = (payload: unknown): Constraints => {
  const { minimum, maximum } = Option.getOrElse(Schema.decodeUnknownOption(Limits)(payload), () => Limits.make({}))
  return { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) }
}

const pattern = (payload: unknown, expected: string | undefined): Constraints =>
  Option.match(Schema.decodeUnknownOption(Pattern)(payload), {
    onNone: () => ({}),
    onSome: ({ source }) => ({ pattern: source, ...(expected === undefined ? {} : { pattern_message: expected }) })
  })

/** By the id under which the library's check represents itself; of other checks nothing is known. */
const readers: Readonly<Record<string, (payload: unknown, expected: string | undefined) => Constraints>> = {
  "effect/schema/isMinLength": lengths,
  "effect/schema/isMaxLength": lengths,
  "effect/schema/isLengthBetween": lengths,
  "effect/schema/isGreaterThanOrEqualTo": limits,
  "effect/schema/isLessThanOrEqualTo": limits,
  "effect/schema/isBetween": limits,
  "effect/schema/isPattern": pattern
}

const ofCheck = (check: SchemaAST.Check<unknown>): Constraints => {
  if (check._tag === "FilterGroup") return ofChecks(check.checks)
  const { representation, expected } = check.annotations ?? {}
  return representation === undefined ? {} : (readers[representation.id]?.(representation.payload, expected) ?? {})
}

/** Of several checks of one kind the first is told. */
const ofChecks = (checks: ReadonlyArray<SchemaAST.Check<unknown>>): Constraints =>
  checks.reduceRight<Constraints>((found, check) => ({ ...found, ...ofCheck(check) }), {})

/** What stands in a saved object at a dotted path, as its schema describes it. */
const at = (ast: SchemaAST.AST, path: ReadonlyArray<string>): SchemaAST.AST | undefined => {
  const [key, ...rest] = path
  if (key === undefined) return ast
  if (!SchemaAST.isObjects(ast)) return undefined
  const found = ast.propertySignatures.find(({ name }) => name === key)
  return found === undefined ? undefined : at(found.type, rest)
}

/**
 * The fields of a form with what the schema of the saved values demands of each: lengths (UTF-16 code units), limits, a pattern
 * (the source of an ECMAScript regular expression that is to match somewhere) and what is expected by it. A value that breaks
 * one is refused by the schema; what keeps them all may still be refused.
 */
export const withConstraints = (
  fields: ReadonlyArray<FormField>,
  schema: Schema.Constraint
): ReadonlyArray<FormField> => {
  const { ast } = Schema.toEncoded(schema)
  return fields.map((field) => ({ ...field, ...ofChecks(at(ast, field.name.split("."))?.checks ?? []) }))
}
