import type { Schema } from "effect"
import type { FormValues } from "../Form.ts"

/** A text as a column can hold it: U+0000 and halves of surrogate pairs become U+FFFD (The Unicode Standard, D75). */
export const storableText = (text: string): string => text.replaceAll("\u0000", "\ufffd").toWellFormed()

/** JSON as a column can hold it, keys included. For what carriers and agents say: it is kept, whatever it is. */
export const storableValues = (values: FormValues): FormValues => entries(Object.entries(values))

const entries = (all: ReadonlyArray<readonly [string, Schema.Json]>): FormValues =>
  Object.fromEntries(all.map(([key, value]) => [storableText(key), storable(value)]))

const storable = (value: Schema.Json): Schema.Json => {
  if (typeof value === "string") return storableText(value)
  if (Array.isArray(value)) return value.map(storable)
  return typeof value === "object" && value !== null ? entries(Object.entries(value)) : value
}
