import { Option, Schema } from "effect"
import { parseForm } from "../../carrier/forms.ts"
import { rawQuery } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"

/** The fields of a webhook. Values are whatever came. */
export type Fields = Readonly<Record<string, unknown>>

/** Only the outermost level is looked at: a body may be nested as deep as it likes. */
const readRecord = Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown))
const readJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

/** A JSON object as fields. Undefined: it is something else. */
export const asFields = (value: unknown): Fields | undefined =>
  Array.isArray(value) ? undefined : Option.getOrUndefined(readRecord(value))

const formFields = (form: Uint8Array | string): ReadonlyArray<Fields> => {
  const pairs = parseForm(form) ?? []
  return pairs.length === 0 ? [] : [Object.fromEntries(pairs)]
}

/**
 * What a webhook says: usually one record. Cloudonix posts a JSON object or a list with one, or asks by GET with a query; forms
 * are taken as well (Cloudonix: Voice Application Request, Session updates). Empty where nothing can be read.
 */
export const entriesOf = ({
  method,
  publicUrl,
  headers,
  body
}: RawRequest | VerifiedRequest): ReadonlyArray<Fields> => {
  if (method === "GET") return formFields(rawQuery(publicUrl))
  if (/^application\/x-www-form-urlencoded/i.test(headers["content-type"] ?? "")) return formFields(body)
  const json = Option.getOrUndefined(readJson(Buffer.from(body).toString("utf8")))
  const records: ReadonlyArray<unknown> = Array.isArray(json) ? json : [json]
  return records.map(asFields).filter((fields) => fields !== undefined)
}

/** What a record is about. */
export type Kind = "voice" | "session" | "cdr" | "conference" | "other"

const has = (fields: Fields, name: string) => fields[name] !== undefined

/**
 * Tells the kinds of webhooks apart by the fields that only they have. Verification and parsing both go by this, so that no
 * request can be one kind to the one and another kind to the other.
 */
export const kindOf = (fields: Fields): Kind => {
  if (has(fields, "StatusCallbackEvent")) return "conference"
  if (has(fields, "StreamEvent") || has(fields, "RecordingStatus")) return "other"
  if (has(fields, "CallSid") || has(fields, "Session") || has(fields, "SessionData")) return "voice"
  if (has(fields, "disposition") || has(fields, "billsec") || has(fields, "session")) return "cdr"
  return has(fields, "token") && has(fields, "status") ? "session" : "other"
}

/** A field's text, trimmed; a number as its digits. Undefined: absent, empty, or no text. */
export const optionalText = (fields: Fields, name: string): string | undefined => {
  const value = fields[name]
  const text = typeof value === "number" && Number.isFinite(value) ? String(value) : value
  return typeof text === "string" && text.trim() !== "" ? text.trim() : undefined
}

/** A session's token: 32 hexadecimal digits so far, but nothing promises that. Undefined: nothing that could be one. */
export const tokenText = (value: unknown): string | undefined =>
  typeof value === "string" && /^[A-Za-z0-9_.:-]{1,128}$/.test(value) ? value : undefined

/** The session that a voice request or a conference event is about. `CallSid` may be another id, so `Session` comes first. */
export const sessionToken = (fields: Fields): string | undefined =>
  tokenText(fields["Session"]) ?? tokenText(fields["CallSid"]) ?? tokenText(asFields(fields["SessionData"])?.["token"])

/** Whether a voice request is about a call that was placed rather than received. A direction that is missing means received. */
export const isOutbound = (fields: Fields): boolean => /^out/i.test(optionalText(fields, "Direction") ?? "")
