import { Schema, SchemaIssue } from "effect"

/**
 * The kinds of input that a generated form can show. `string-array` is a list of tags, `readonly` a value to copy
 * (never sent back), `select` takes one of `options`.
 */
export const FieldType = Schema.Literals([
  "text",
  "password",
  "textarea",
  "number",
  "boolean",
  "select",
  "string-array",
  "readonly"
])
export type FieldType = typeof FieldType.Type

/**
 * One input of a generated form: what a person fills in to set up a carrier's configuration or an agent.
 *
 * `name` is the key in the saved object, dotted for nested ones (`"address.city"`). `sensitive` values are encrypted at
 * rest and masked on read. `visible_when` hides the field until another one has the given value. What the schema demands of the
 * value (`min_length` to `pattern_message`) is derived from it, see `withConstraints`, and not written here.
 */
export const FormField = Schema.Struct({
  name: Schema.NonEmptyString,
  label: Schema.NonEmptyString,
  type: FieldType,
  required: Schema.Boolean,
  sensitive: Schema.Boolean,
  description: Schema.optionalKey(Schema.String),
  placeholder: Schema.optionalKey(Schema.String),
  options: Schema.optionalKey(Schema.Array(Schema.Struct({ value: Schema.String, label: Schema.String }))),
  default: Schema.optionalKey(Schema.Json),
  visible_when: Schema.optionalKey(Schema.Struct({ field: Schema.String, equals: Schema.Json })),
  section: Schema.optionalKey(Schema.String),
  min_length: Schema.optionalKey(Schema.Int),
  max_length: Schema.optionalKey(Schema.Int),
  minimum: Schema.optionalKey(Schema.Finite),
  maximum: Schema.optionalKey(Schema.Finite),
  pattern: Schema.optionalKey(Schema.String),
  pattern_message: Schema.optionalKey(Schema.String)
})
export type FormField = typeof FormField.Type

/** A saved form as plain JSON values by field name. Wrapped in `Redacted` wherever it holds secrets in the clear. */
export type FormValues = Readonly<Record<string, Schema.Json>>

/** What is wrong with one field: its dotted path and what was expected. Never holds the value that was given. */
export const FieldError = Schema.Struct({ field: Schema.String, message: Schema.String })
export type FieldError = typeof FieldError.Type

const standardIssues = SchemaIssue.makeFormatterStandardSchemaV1()

/** The issues of a failed decoding as field errors. Decode with `{ errors: "all" }` to get every one of them. */
export const fieldErrors = (error: Schema.SchemaError): ReadonlyArray<FieldError> =>
  standardIssues(error.issue).issues.map(({ path, message }) => ({
    field: (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment)).join("."),
    message
  }))
