import type { RestReply } from "../../../simulator/RestServer.ts"

const json = { "Content-Type": "application/json" }

/** 200 with a body, as creations and reads are answered. */
export const ok = (body: unknown): RestReply => ({ status: 200, headers: json, body: JSON.stringify(body) })

/** 204, as commands are answered. */
export const done: RestReply = { status: 204, body: "" }

export const refuse = (status: number, message: string): RestReply => ({
  status,
  headers: json,
  body: JSON.stringify({ message })
})

/** The exception: a failed allocation says `error`, not `message`. */
export const allocationFailed: RestReply = {
  status: 500,
  headers: json,
  body: JSON.stringify({ error: "Allocation failed" })
}

export const unauthorized: RestReply = {
  ...refuse(401, "Authentication required"),
  headers: { ...json, "WWW-Authenticate": 'Basic realm="Asterisk REST Interface"' }
}

export const resourceNotFound = refuse(404, "Resource not found")
export const invalidMethod = refuse(405, "Invalid method")

/** What the HTTP server itself says of a path that is not the REST interface's. */
export const notServed: RestReply = {
  status: 404,
  headers: { "Content-Type": "text/html" },
  body: "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>"
}
