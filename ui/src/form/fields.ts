import { get, type FieldValues, type RegisterOptions } from "react-hook-form"
import type { AnswerOf } from "../api/endpoints.ts"

type Served = AnswerOf<
  "GET",
  "/api/v1/organizations/telephony-providers/metadata"
>["providers"][number]["fields"][number]

/** One input of a generated form, as the service describes it, with what its value must keep. */
export interface FormField extends Served {
  readonly min_length?: number
  readonly max_length?: number
  readonly minimum?: number
  readonly maximum?: number
  /** A regular expression that the whole value must match, and what that means to a person. */
  readonly pattern?: string
  readonly pattern_message?: string
}

/** What a masked secret looks like when the service shows a stored one. */
const MASK = /^\*{8}/

/** A stored secret, masked: sent back as it is, it stays. */
export const isKeptSecret = (value: unknown): value is string => typeof value === "string" && MASK.test(value)

/** The fields with their names below a key of the request: `token` becomes `config.token`. */
export const below = (key: string, fields: ReadonlyArray<FormField>): ReadonlyArray<FormField> =>
  fields.map((field) => ({
    ...field,
    name: `${key}.${field.name}`,
    ...(field.visible_when === undefined
      ? {}
      : { visible_when: { ...field.visible_when, field: `${key}.${field.visible_when.field}` } })
  }))

const blankOf = ({ type }: FormField): unknown => {
  if (type === "string-array") return []
  return type === "boolean" ? false : ""
}

const put = (into: Record<string, unknown>, path: string, value: unknown) => {
  const names = path.split(".")
  const last = names.pop() ?? path
  let at = into
  for (const name of names) {
    const next = at[name]
    const deeper: Record<string, unknown> = isRecord(next) ? next : {}
    at[name] = deeper
    at = deeper
  }
  at[last] = value
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What the inputs show at first: the saved value, else the field's default, else nothing. */
export const initialValues = (fields: ReadonlyArray<FormField>, saved: FieldValues = {}): FieldValues => {
  const values: Record<string, unknown> = {}
  for (const field of fields) {
    const stored: unknown = get(saved, field.name)
    const value = stored ?? field.default ?? blankOf(field)
    put(values, field.name, field.type === "number" ? String(value) : value)
  }
  return values
}

/** Whether the field is shown beside these values. */
export const isVisible = (field: FormField, values: FieldValues): boolean =>
  field.visible_when === undefined || get(values, field.visible_when.field) === field.visible_when.equals

const isBlank = (value: unknown) => value === "" || value === undefined || value === null

/** The request that the form's values make: what is hidden, blank or read-only is left out, numbers are numbers. */
export const payloadOf = (fields: ReadonlyArray<FormField>, values: FieldValues): Record<string, unknown> => {
  const payload: Record<string, unknown> = {}
  for (const field of fields) {
    const value: unknown = get(values, field.name)
    if (field.type === "readonly" || !isVisible(field, values) || isBlank(value)) continue
    put(payload, field.name, field.type === "number" ? Number(value) : value)
  }
  return payload
}

const numberRule = ({ minimum, maximum }: FormField, value: string) => {
  const number = Number(value)
  if (!Number.isFinite(number)) return "Expected a number"
  if (minimum !== undefined && number < minimum) return `Expected at least ${minimum}`
  if (maximum !== undefined && number > maximum) return `Expected at most ${maximum}`
  return true
}

const textRule = ({ min_length = 0, max_length = Infinity, pattern, pattern_message }: FormField, value: string) => {
  if (value.length < min_length) return `Expected at least ${min_length} characters`
  if (value.length > max_length) return `Expected at most ${max_length} characters`
  if (pattern === undefined || new RegExp(pattern, "u").test(value)) return true
  return pattern_message ?? "This does not look right"
}

/** What the page checks before it asks the service, by the rules that the service itself publishes. */
export const rulesOf = (field: FormField): RegisterOptions => ({
  validate: (value: unknown) => {
    const blank = isBlank(value) || (Array.isArray(value) && value.length === 0)
    if (blank) return field.required && field.type !== "boolean" ? `${field.label} is needed` : true
    if (typeof value !== "string" || isKeptSecret(value)) return true
    return field.type === "number" ? numberRule(field, value) : textRule(field, value)
  }
})
