import { Effect } from "effect"
import { type FormFields, singleField } from "./forms.ts"
import { MalformedWebhook } from "./TelephonyProvider.ts"

/**
 * A field's value; with `pattern`, one that fits it. Strictness here keeps a signature without separators between its parts
 * harmless.
 */
export const requiredField =
  (provider: string) =>
  (fields: FormFields, name: string, pattern?: RegExp): Effect.Effect<string, MalformedWebhook> => {
    const value = singleField(fields, name) ?? ""
    return value !== "" && (pattern?.test(value) ?? true)
      ? Effect.succeed(value)
      : Effect.fail(new MalformedWebhook({ provider, message: `The field ${name} is missing, repeated or malformed.` }))
  }

/** A field's value; undefined when it is absent, ambiguous or empty. */
export const optionalField = (fields: FormFields, name: string): string | undefined => {
  const value = singleField(fields, name)
  return value === "" ? undefined : value
}

/** The fields that are there, by our names: `names` gives the carrier's name for each of ours. */
export const detailsOf = (
  fields: FormFields,
  names: Readonly<Record<string, string>>
): Readonly<Record<string, string>> => {
  const details: Record<string, string> = {}
  for (const [ours, theirs] of Object.entries(names)) {
    const value = optionalField(fields, theirs)
    if (value !== undefined) details[ours] = value
  }
  return details
}
