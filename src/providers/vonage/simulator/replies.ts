import { randomUUID } from "node:crypto"
import type { RestReply } from "../../../simulator/RestServer.ts"

/** The body of an answer that is not an error. */
export const ok = (body: unknown, status = 200): RestReply => ({ status, body: JSON.stringify(body) })

export const noContent: RestReply = { status: 204, body: "" }

export interface InvalidParameter {
  readonly name: string
  readonly reason: string
}

const problem = (status: number, body: Readonly<Record<string, unknown>>): RestReply => ({
  status,
  headers: { "Content-Type": "application/problem+json" },
  body: JSON.stringify(body)
})

const type = (kind: string) => `https://developer.nexmo.com/api-errors#${kind}`

/** 400 in its newer form (Vonage: Voice API errors; an older one has `error_title`). */
export const badRequest = (detail: string, parameters: ReadonlyArray<InvalidParameter> = []) =>
  problem(400, {
    type: type("bad-request"),
    title: "Bad Request",
    detail,
    ...(parameters.length === 0 ? {} : { invalid_parameters: parameters }),
    instance: randomUUID()
  })

const unauthorized = (title: string) =>
  problem(401, {
    type: type("unauthorized"),
    title,
    detail: "You did not provide correct credentials.",
    instance: randomUUID()
  })

export const unauthorizedToken = () => unauthorized("Unauthorized")
export const unauthorizedKey = () => unauthorized("Invalid credentials supplied")

/** What the Numbers and Account APIs say to a wrong key or secret. */
export const authenticationFailed: RestReply = {
  status: 401,
  body: JSON.stringify({ "error-code": "401", "error-code-label": "authentication failed" })
}

export const malformedToken = problem(403, {
  title: "Forbidden",
  code: "10001",
  detail: "Invalid token format or signature."
})

export const noSuchCall = (uuid: string) =>
  problem(404, { title: "Not Found", detail: `Call ${uuid} doesn't exist.`, instance: randomUUID() })

export const notFound = (detail: string) => problem(404, { type: type("not-found"), title: "Not Found", detail })

export const methodNotAllowed = problem(405, { type: type("method-not-allowed"), title: "Method Not Allowed" })

export const unsupportedType = problem(415, {
  type: type("unsupported-media-type"),
  title: "Unsupported Media Type",
  detail: "The body must be application/json."
})

export const throttled = problem(429, {
  type: type("throttled"),
  title: "Rate Limit Hit",
  detail: "Please wait, then retry your request"
})

/** A 5xx is free form and may be HTML. */
export const broken: RestReply = {
  status: 500,
  headers: { "Content-Type": "text/html" },
  body: "<html><body><h1>500 Internal Server Error</h1></body></html>"
}
