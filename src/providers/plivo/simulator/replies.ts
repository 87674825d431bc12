import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { newId } from "./account.ts"

/** The body of an answer that is not an error; every one has the id of the API request. */
export const ok = (body: Readonly<Record<string, unknown>>, status = 200): RestReply => ({
  status,
  body: JSON.stringify({ api_id: newId(), ...body })
})

export const noContent: RestReply = { status: 204, body: "" }

export const refuse = (status: number, error: string): RestReply => ({
  status,
  body: JSON.stringify({ api_id: newId(), error })
})

export const notFound = () => refuse(404, "not found")

export const notAllowed = () => refuse(405, "Method not allowed")

/** Plivo's exact text is not published; that it need not be JSON is. */
export const unauthorized: RestReply = {
  status: 401,
  headers: { "Content-Type": "text/html; charset=utf-8", "WWW-Authenticate": 'Basic realm="Login Required"' },
  body: "Could not verify your access level for that URL.\nYou have to login with proper credentials"
}

/** A page of a list: `limit` 20 unless asked for, and never more. */
export const page = (request: RestRequest, items: ReadonlyArray<unknown>): RestReply => {
  const { path, query } = request
  const limit = Number(query.get("limit") ?? "20")
  const offset = Number(query.get("offset") ?? "0")
  if (!Number.isInteger(limit) || limit < 1 || limit > 20) return refuse(400, "limit must be between 1 and 20")
  if (!Number.isInteger(offset) || offset < 0) return refuse(400, "offset must not be negative")
  const uri = (at: number) => {
    const asked = new URLSearchParams(query)
    asked.set("limit", String(limit))
    asked.set("offset", String(at))
    return `${path}?${asked.toString()}`
  }
  return ok({
    meta: {
      limit,
      offset,
      total_count: items.length,
      next: offset + limit < items.length ? uri(offset + limit) : null,
      previous: offset > 0 ? uri(Math.max(0, offset - limit)) : null
    },
    objects: items.slice(offset, offset + limit)
  })
}
