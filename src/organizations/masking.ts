import { Result, type Schema } from "effect"
import type { FieldError, FormField, FormValues } from "../Form.ts"
import { lookUp, put, remove } from "./fieldPaths.ts"

/** What every masked value begins with. */
export const MASK = "********"

/** A value must be at least this long before its last characters are shown. */
const SHOWN_FROM = 12
const SHOWN = 4

const maskText = (text: string) => {
  const characters = Array.from(text)
  return characters.length >= SHOWN_FROM ? MASK + characters.slice(-SHOWN).join("") : MASK
}

/** How one secret is shown: lists item by item, objects as a whole. */
export const maskValue = (value: Schema.Json): Schema.Json => {
  if (Array.isArray(value)) return value.map(maskValue)
  if (typeof value === "object" && value !== null) return MASK
  return maskText(String(value))
}

/** The values as they may be read: only those that the form names, sensitive ones masked. */
export const mask = (values: FormValues, fields: ReadonlyArray<FormField>): FormValues =>
  fields.reduce<FormValues>((shown, field) => {
    const found = lookUp(values, field.name)
    return found._tag === "Value"
      ? put(shown, field.name, field.sensitive ? maskValue(found.value) : found.value)
      : shown
  }, {})

const REFUSED =
  "This is a masked value, but not the one of the stored secret. Send the secret itself, or read the form again."

/** White space before a mask comes with pasting, and a schema may trim it away. */
const isMasked = (value: Schema.Json): value is string =>
  typeof value === "string" && value.trimStart().startsWith(MASK)

/**
 * Puts the stored secrets back where a list holds their masks. Equal masks are told apart by their order, so all of
 * them must be there or the list is refused: undefined.
 */
const restoreList = (
  sent: ReadonlyArray<Schema.Json>,
  stored: Schema.Json | undefined
): ReadonlyArray<Schema.Json> | undefined => {
  const secrets: ReadonlyArray<Schema.Json> = Array.isArray(stored) ? stored : []
  const matching = (masked: string) => secrets.filter((secret) => maskValue(secret) === masked)
  const used = new Map<string, number>()
  const restored: Array<Schema.Json> = []
  for (const value of sent) {
    if (!isMasked(value)) {
      restored.push(value)
      continue
    }
    const candidates = matching(value)
    const occurrences = sent.filter((other) => other === value).length
    const isAmbiguous = occurrences !== candidates.length && new Set(candidates).size > 1
    const at = used.get(value) ?? 0
    const secret = candidates[Math.min(at, candidates.length - 1)]
    if (isAmbiguous || secret === undefined) return undefined
    used.set(value, at + 1)
    restored.push(secret)
  }
  return restored
}

/** The secret that was meant, or undefined when it cannot be known. */
const restoreValue = (sent: Schema.Json, stored: Schema.Json | undefined): Schema.Json | undefined => {
  if (Array.isArray(sent)) return restoreList(sent, stored)
  if (!isMasked(sent)) return sent
  return stored !== undefined && maskValue(stored) === sent ? stored : undefined
}

/**
 * The values to save, from what a client sent and what is stored. A secret that came back as its own mask is the stored
 * one; any other value that begins with the mask is refused.
 *
 * - `replace` (PUT): what is absent or null is left out
 * - `merge` (PATCH): what is absent stays as it is stored, what is null is left out
 *
 * Values that the form does not name are passed on for the schema to judge; those of `readonly` fields are dropped.
 */
export const restore = (
  sent: FormValues,
  stored: FormValues,
  fields: ReadonlyArray<FormField>,
  mode: "replace" | "merge"
): Result.Result<FormValues, ReadonlyArray<FieldError>> => {
  const errors: Array<FieldError> = []
  const values = fields.reduce<FormValues>((values, field) => {
    const found = lookUp(sent, field.name)
    const before = lookUp(stored, field.name)
    if (found._tag === "Blocked") return values
    if (field.type === "readonly" || found._tag === "Null") return remove(values, field.name)
    if (found._tag === "Absent") {
      return mode === "merge" && before._tag === "Value" ? put(values, field.name, before.value) : values
    }
    if (!field.sensitive) return values
    const value = restoreValue(found.value, before._tag === "Value" ? before.value : undefined)
    if (value === undefined) errors.push({ field: field.name, message: REFUSED })
    return value === undefined ? values : put(values, field.name, value)
  }, sent)
  return errors.length > 0 ? Result.fail(errors) : Result.succeed(values)
}
