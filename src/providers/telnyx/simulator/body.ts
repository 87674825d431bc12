import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type ErrorCode, refuse } from "./replies.ts"

/** A JSON object that our side sent. */
export type Body = Readonly<Record<string, Schema.Json>>

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

/** The object in a request's body; none at all is an empty one. */
export const readBody = (request: RestRequest): Result.Result<Body, RestReply> => {
  if (request.body === "") return Result.succeed({})
  if (!request.contentType.startsWith("application/json")) return Result.fail(refuse(400, "10029"))
  return Result.mapError(decode(request.body), () => refuse(400, "10023"))
}

/** A parameter when it is a text; a null counts as absent. */
export const text = (body: Body, name: string): string | undefined => {
  const value = body[name]
  return typeof value === "string" ? value : undefined
}

export const number = (body: Body, name: string): number | undefined => {
  const value = body[name]
  return typeof value === "number" ? value : undefined
}

/** What a parameter must be when it is there, and the error if it is not. */
export interface Rule {
  readonly holds: (value: Schema.Json) => boolean
  readonly code: ErrorCode
}

export const isText: Rule = { holds: (value) => typeof value === "string", code: "10026" }
export const isBoolean: Rule = { holds: (value) => typeof value === "boolean", code: "10026" }
export const isArray: Rule = { holds: (value) => Array.isArray(value), code: "10026" }

export const oneOf = (...values: ReadonlyArray<Schema.Json>): Rule => ({
  holds: (value) => values.includes(value),
  code: "10032"
})

export const integer = (min: number, max: number, code: ErrorCode = "10033"): Rule => ({
  holds: (value) => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
  code
})

export const textOf = (min: number, max: number, code: ErrorCode = "10025"): Rule => ({
  holds: (value) => typeof value === "string" && value.length >= min && value.length <= max,
  code
})

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Base64 with padding (RFC 4648, section 4). */
export const isBase64 = (value: string) => base64.test(value)

/** What every command may carry (Telnyx: sending commands). */
export const commandRules: Readonly<Record<string, Rule>> = {
  client_state: { holds: (value) => typeof value === "string" && isBase64(value), code: "90017" },
  command_id: isText
}

/** The first parameter that is missing or breaks its rule, as the refusal. Parameters without a rule pass. */
export const check = (
  body: Body,
  required: ReadonlyArray<string>,
  rules: Readonly<Record<string, Rule>>
): RestReply | undefined => {
  for (const name of required) {
    const value = body[name]
    if (value === undefined || value === null || value === "") return refuse(422, "10004", name)
  }
  for (const [name, { code, holds }] of Object.entries(rules)) {
    const value = body[name]
    if (value !== undefined && value !== null && !holds(value)) return refuse(422, code, name)
  }
  return undefined
}
