import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"

/** Anything that JSON can be. */
export type Body = Readonly<Record<string, unknown>>

export const ok = (body: unknown, status = 200): RestReply => ({ status, body: JSON.stringify(body) })

export const noContent: RestReply = { status: 204, body: "" }

/** The real texts are thin; `why` is for people who debug against the fake, in a header of its own. */
export const refuse = (status: number, message: string, why?: string): RestReply => ({
  status,
  ...(why === undefined ? {} : { headers: { "X-Simulator-Reason": why.replace(/[^\x20-\x7e]+/g, " ") } }),
  body: JSON.stringify({ status: false, message })
})

export const badRequest = (why: string) => refuse(400, "Bad request", why)
export const notFound = refuse(404, "Not found")
export const unauthorized = refuse(401, "Unauthorized")
export const forbidden = refuse(403, "Forbidden")
export const throttled = refuse(429, "Too many requests")
export const broken = refuse(500, "Internal server error")

/** A list: 404 when there is nothing in it. */
export const list = (items: ReadonlyArray<unknown>): RestReply => (items.length === 0 ? notFound : ok(items))

/** The JSON body of a request by its schema. Fails with a 400, also for fields that are not in it. */
export const readBody = <Value>(
  schema: Schema.Codec<Value, unknown>,
  request: RestRequest
): Result.Result<Value, RestReply> => {
  if (!request.contentType.toLowerCase().startsWith("application/json")) {
    return Result.fail(badRequest(`the content type is ${request.contentType || "missing"}, not application/json`))
  }
  return Result.mapError(
    Schema.decodeUnknownResult(Schema.fromJsonString(schema), { onExcessProperty: "error" })(request.body),
    (error) => badRequest(error.message)
  )
}
