import type { RestReply } from "../../../simulator/RestServer.ts"

/** The body of an answer that is not an error. */
export const ok = (body: unknown, status = 200): RestReply => ({ status, body: JSON.stringify(body) })

/** An error of the REST API: Twilio's number, its text, and the HTTP status (Twilio: error and warning dictionary). */
export const refuse = (status: number, code: number, message: string): RestReply => ({
  status,
  body: JSON.stringify({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status })
})

export const notFound = (path: string) => refuse(404, 20404, `The requested resource ${path} was not found`)

export const unauthorized: RestReply = {
  ...refuse(401, 20003, "Authenticate"),
  headers: { "WWW-Authenticate": 'Basic realm="Twilio API"' }
}

/** A page of a list: `PageSize` 50 unless asked for, at most 1000. `next_page_uri` is relative to the API's host. */
export const page = (path: string, query: URLSearchParams, key: string, items: ReadonlyArray<unknown>): RestReply => {
  const size = Math.min(1000, Math.max(1, Number(query.get("PageSize") ?? "50") || 50))
  const number = Math.max(0, Number(query.get("Page") ?? "0") || 0)
  const start = number * size
  const shown = items.slice(start, start + size)
  const uri = (of: number) => {
    const params = new URLSearchParams(query)
    params.set("PageSize", String(size))
    params.set("Page", String(of))
    return `${path}?${params.toString()}`
  }
  return ok({
    [key]: shown,
    page: number,
    page_size: size,
    start,
    end: Math.max(start, start + shown.length - 1),
    uri: uri(number),
    first_page_uri: uri(0),
    next_page_uri: start + size < items.length ? uri(number + 1) : null,
    previous_page_uri: number > 0 ? uri(number - 1) : null
  })
}
