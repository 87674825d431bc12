import { randomUUID } from "node:crypto"
import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"

/** The body of an answer that is not an error. */
export const ok = (body: unknown, status = 200): RestReply => ({ status, body: JSON.stringify(body) })

export const done: RestReply = { status: 204, body: "" }

/** The carrier words its errors in several ways: with a code, or with a text alone, or with a bare message (Vobiz: errors). */
export const refuse = (status: number, code: string, message: string, details: object = {}): RestReply =>
  ok(
    { status: "error", error: { code, message, details }, timestamp: "2026-06-01T10:00:00Z", requestId: randomUUID() },
    status
  )

export const refuseCall = (status: number, error: string): RestReply => ok({ api_id: randomUUID(), error }, status)

export const bare = (status: number, message: string): RestReply => ok({ message }, status)

export const notFound = bare(404, "Not Found")
/** What a path of the wrong case, or with a wrong slash at its end, gets instead of 404. */
export const wrongCase = bare(401, "Unauthorized")
export const badCredentials = refuse(401, "INVALID_CREDENTIALS", "Invalid authentication credentials")

export const tooMany = (limitType: string, limit: number, current: number) =>
  refuse(429, "RATE_LIMIT_EXCEEDED", `The ${limitType} limit is reached`, { limitType, limit, current, retryAfter: 1 })

const Body = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))
const decodeBody = Schema.decodeUnknownResult(Body)

/** What a JSON body says at its top. A value of another kind than asked for reads as absent. */
export interface JsonBody {
  readonly names: ReadonlyArray<string>
  readonly text: (name: string) => string | undefined
  readonly number: (name: string) => number | undefined
  readonly has: (name: string) => boolean
}

/** Reads the JSON object of a request; the reply refuses anything else. */
export const readJson = (request: RestRequest): Result.Result<JsonBody, RestReply> => {
  if (!request.contentType.startsWith("application/json")) {
    return Result.fail(refuse(422, "VALIDATION_ERROR", "Content-Type must be application/json"))
  }
  return Result.map(
    Result.mapError(decodeBody(request.body), () => refuse(422, "VALIDATION_ERROR", "The body is not a JSON object")),
    (values) => ({
      names: Object.keys(values),
      text: (name) => {
        const value = values[name]
        return typeof value === "string" && value !== "" ? value : undefined
      },
      number: (name) => {
        const value = values[name]
        const number = typeof value === "string" ? Number(value) : value
        return typeof number === "number" && Number.isFinite(number) ? number : undefined
      },
      has: (name) => values[name] !== undefined
    })
  )
}

const methods: Readonly<Record<string, "GET" | "POST">> = { GET: "GET", POST: "POST" }

/** `GET` or `POST`, also in small letters; undefined for anything else. */
export const methodOf = (written: string | undefined) => methods[written?.toUpperCase() ?? ""]
