import type { Schema } from "effect"
import { type FieldValues, get, type RegisterOptions } from "react-hook-form"
import type { AnswerOf } from "../api/endpoints.ts"

type Served = AnswerOf<
  "GET",
  "/api/v1/organizations/telephony-providers/metadata"
>["providers"][number]["fields"][number]

/** One input of a generated form, as the service describes it, with what its value must keep. */
export interface FormField extends Served {
  /** In UTF-16 code units; of a list: in entries. */
  readonly min_length?: number
  readonly max_length?: number
  readonly minimum?: number
  readonly maximum?: number
  /** A regular expression that is to match somewhere in the value, and what that means to a person: "an account SID". */
  readonly pattern?: string
  readonly pattern_message?: string
}

/** The values of a form as a request has them. */
export type Payload = { readonly [name: string]: Schema.Json }

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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

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

/** A value as JSON; what JSON does not have is null. */
const jsonOf = (value: unknown): Schema.Json => {
  if (typeof value === "string" || typeof value === "boolean") return value
  if (typeof value === "number") return Number.isFinite(value) ? value : null
  if (Array.isArray(value)) return value.map(jsonOf)
  return isRecord(value) ? objectOf(value) : null
}

/** A part of a payload that is an object: the fields below one key. */
export const objectOf = (value: unknown): Payload =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonOf(each)])) : {}

/** A text of a payload; undefined: it was left out. */
export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

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

/** What the request has of what an input holds; undefined: nothing, the input is blank. */
const sentOf = (field: FormField, value: unknown): unknown => {
  if (value === undefined || value === null || value === "") return undefined
  if (field.type === "number") return typeof value === "string" && value.trim() === "" ? undefined : Number(value)
  // An empty list is nothing, unless nothing would become the default.
  return Array.isArray(value) && value.length === 0 && field.default === undefined ? undefined : value
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** The fields that are shown beside these values. What depends on a hidden field is hidden too. */
export const visibleFields = (fields: ReadonlyArray<FormField>, values: FieldValues): ReadonlyArray<FormField> => {
  const isShown = ({ name, visible_when }: FormField, above: ReadonlyArray<string>): boolean => {
    if (visible_when === undefined) return true
    const other = fields.find((field) => field.name === visible_when.field)
    const value: unknown = get(values, visible_when.field)
    if (other === undefined) return isSame(value, visible_when.equals)
    if (above.includes(other.name) || !isShown(other, [...above, name])) return false
    return isSame(other.type === "boolean" ? value === true : sentOf(other, value), visible_when.equals)
  }
  return fields.filter((field) => isShown(field, [field.name]))
}

/** The request that the form's values make: what is hidden, blank or read-only is left out, numbers are numbers. */
export const payloadOf = (fields: ReadonlyArray<FormField>, values: FieldValues): Payload => {
  const payload: Record<string, unknown> = {}
  for (const field of visibleFields(fields, values)) {
    const sent = field.type === "readonly" ? undefined : sentOf(field, get(values, field.name))
    if (sent !== undefined) put(payload, field.name, sent)
  }
  return objectOf(payload)
}

/** The fields whose values differ between two states of the form. */
export const changedFields = (
  fields: ReadonlyArray<FormField>,
  before: FieldValues,
  after: FieldValues
): ReadonlyArray<FormField> =>
  fields.filter(({ name, type }) => type !== "readonly" && !isSame(get(before, name), get(after, name)))

/** Newer saved values with what was typed since the older ones put on top. */
export const rebased = (
  fields: ReadonlyArray<FormField>,
  { older, typed, newer }: { readonly older: FieldValues; readonly typed: FieldValues; readonly newer: FieldValues }
): FieldValues => {
  const values: Record<string, unknown> = {}
  const kept = changedFields(fields, older, typed)
  for (const field of fields) put(values, field.name, get(kept.includes(field) ? typed : newer, field.name))
  return values
}

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

const sizeRule = ({ min_length = 0, max_length = Infinity }: FormField, length: number, one: string, many: string) => {
  if (length < min_length) return `Expected at least ${counted(min_length, one, many)}`
  return length > max_length ? `Expected at most ${counted(max_length, one, many)}` : true
}

const numberRule = ({ minimum, maximum }: FormField, value: string) => {
  const number = Number(value)
  if (!Number.isFinite(number)) return "Expected a number"
  if (minimum !== undefined && number < minimum) return `Expected at least ${minimum}`
  return maximum !== undefined && number > maximum ? `Expected at most ${maximum}` : true
}

const textRule = (field: FormField, value: string) => {
  const size = sizeRule(field, value.length, "character", "characters")
  if (size !== true || field.pattern === undefined || new RegExp(field.pattern).test(value)) return size
  return field.pattern_message === undefined ? "This does not look right" : `Expected ${field.pattern_message}`
}

/** What is wrong with a value by the rules that the service publishes; true: nothing that the page can see. */
export const judge = (field: FormField, value: unknown): string | true => {
  if (field.type === "boolean" || field.type === "readonly") return true
  const isEmptyList = Array.isArray(value) && value.length === 0
  if (sentOf(field, value) === undefined || isEmptyList) return field.required ? `${field.label} is needed` : true
  if (Array.isArray(value)) return sizeRule(field, value.length, "entry", "entries")
  if (typeof value !== "string" || isKeptSecret(value)) return true
  return field.type === "number" ? numberRule(field, value) : textRule(field, value)
}

/** What the page checks before it asks the service. */
export const rulesOf = (field: FormField): RegisterOptions => ({ validate: (value: unknown) => judge(field, value) })
