import type { Schema } from "effect"
import type { FormValues } from "../Form.ts"

/** What stands at a dotted path: nothing, an explicit null (there or above), a value, or something that cannot hold it. */
export type Found =
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Null" }
  | { readonly _tag: "Blocked" }
  | { readonly _tag: "Value"; readonly value: Schema.Json }

/** Whether a JSON value is an object (not null, not an array). */
export const isRecord = (value: Schema.Json | undefined): value is FormValues =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const own = (values: FormValues, key: string) => (Object.hasOwn(values, key) ? values[key] : undefined)

/** Looks up a field's dotted path in saved or sent values. */
export const lookUp = (values: FormValues, path: string): Found => {
  let at: Schema.Json | undefined = values
  for (const key of path.split(".")) {
    if (at === null) return { _tag: "Null" }
    if (!isRecord(at)) return { _tag: "Blocked" }
    at = own(at, key)
    if (at === undefined) return { _tag: "Absent" }
  }
  return at === null ? { _tag: "Null" } : { _tag: "Value", value: at }
}

/** The values with one more at a dotted path; objects on the way are made where they are missing. */
export const put = (values: FormValues, path: string, value: Schema.Json): FormValues => {
  const [key, rest] = splitFirst(path)
  if (rest === undefined) return { ...values, [key]: value }
  const inner = own(values, key)
  return { ...values, [key]: put(isRecord(inner) ? inner : {}, rest, value) }
}

/** The values without what stands at a dotted path. A null above the path goes instead. */
export const remove = (values: FormValues, path: string): FormValues => {
  const [key, rest] = splitFirst(path)
  const inner = own(values, key)
  if (rest !== undefined && isRecord(inner)) return { ...values, [key]: remove(inner, rest) }
  if (rest !== undefined && inner !== null) return values
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== key))
}

const splitFirst = (path: string): readonly [string, string | undefined] => {
  const at = path.indexOf(".")
  return at < 0 ? [path, undefined] : [path.slice(0, at), path.slice(at + 1)]
}
