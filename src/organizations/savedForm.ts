import { Effect, Redacted, Result, Schema } from "effect"
import { type FieldError, type FormField, type FormValues, fieldErrors } from "../Form.ts"
import { remove } from "./fieldPaths.ts"
import { restore } from "./masking.ts"
import { InvalidFields } from "./refusals.ts"

const toFormValues = Schema.decodeUnknownEffect(Schema.Record(Schema.String, Schema.Json))

/** The dotted paths of a form that hold secrets. */
export const sensitivePaths = (fields: ReadonlyArray<FormField>) =>
  fields.filter((field) => field.sensitive).map((field) => field.name)

/** What is saved already, how what is sent replaces it, and where in the request it stands. */
export interface SaveForm {
  /** The part of the request that the values are: `config`, `settings`. Begins the paths of errors. */
  readonly part: string
  readonly fields: ReadonlyArray<FormField>
  readonly schema: Schema.Codec<object, unknown>
  readonly stored: Redacted.Redacted<FormValues>
  readonly mode: "replace" | "merge"
}

/**
 * The values to store, in the clear: secrets restored from their masks, then judged and normalised by the schema. Fields
 * that the schema does not know are refused. Errors never hold a value.
 */
export const readForm = Effect.fnUntraced(function* (sent: Redacted.Redacted<FormValues>, form: SaveForm) {
  const inPart = (errors: ReadonlyArray<FieldError>) =>
    new InvalidFields({
      errors: errors.map(({ field, message }) => ({
        field: field === "" ? form.part : `${form.part}.${field}`,
        message
      }))
    })
  const restored = yield* Effect.fromResult(
    Result.mapError(restore(Redacted.value(sent), Redacted.value(form.stored), form.fields, form.mode), inPart)
  )
  const decoded = yield* Schema.decodeEffect(form.schema, { errors: "all", onExcessProperty: "error" })(restored).pipe(
    Effect.mapError((error) => inPart(clearErrors(error)))
  )
  const encoded = yield* Effect.orDie(Effect.flatMap(Schema.encodeEffect(form.schema)(decoded), toFormValues))
  return Redacted.make(remove(encoded, "provider"), { label: form.part })
})

const messages: Readonly<Record<string, string>> = {
  "Missing key": "This field is required.",
  "Expected no excess property": "There is no such field."
}

/** The issues of a failed decoding in words for whoever sent it. */
export const clearErrors = (error: Schema.SchemaError): ReadonlyArray<FieldError> =>
  fieldErrors(error).map(({ field, message }) => ({ field, message: messages[message] ?? message }))
