import { createHash } from "node:crypto"
import { urlParts } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import type { FailureDetails } from "./FailureDetails.ts"

/** What stands for everything that may be secret. */
const hidden = "***"

/** Parts of a path that cannot be a token or a ticket: those have digits, capitals, or more letters. */
const plainSegment = /^(?:[a-z][a-z-]{0,19}|v\d{1,2})$/
const plainName = /^[A-Za-z][A-Za-z_.-]{0,39}$/
const hostShape = /^[\w.:[\]-]{1,200}$/

const mostQueryFields = 20
const longestHeader = 200

/** A path with the parts that may be secret taken out; `known` parts are shown as they are. */
export const redactedPath = (path: string, known: ReadonlySet<string>) =>
  path
    .split("/")
    .slice(0, 20)
    .map((segment) => (segment === "" || plainSegment.test(segment) || known.has(segment) ? segment : hidden))
    .join("/")

const redactedQuery = (query: string) => {
  const fields = query.split("&")
  const shown = fields.slice(0, mostQueryFields).map((field) => {
    const [name = "", ...value] = field.split("=")
    return value.length > 0 && plainName.test(name) ? `${name}=${hidden}` : hidden
  })
  return fields.length > mostQueryFields ? [...shown, "..."].join("&") : shown.join("&")
}

/** A host with its port, or `***` for what is none. */
export const shownHost = (authority: string) => (hostShape.test(authority) ? authority : hidden)

/** A URL as it may be stored and shown: tokens in the path and all values of the query taken out. */
export const redactedUrl = (url: string, known: ReadonlySet<string>) => {
  const parts = urlParts(url)
  const [target = ""] = (parts?.rest ?? url).split("#")
  const [path = "", ...query] = target.split("?")
  const origin = parts === undefined ? "" : parts.scheme + shownHost(parts.host + parts.port)
  return origin + redactedPath(path, known) + (query.length === 0 ? "" : `?${redactedQuery(query.join("?"))}`)
}

const shownText = (text: string, longest = longestHeader) => text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, longest)

/** What proxies say about the request. Others of the family may hold credentials (`X-Forwarded-Access-Token`). */
const addressHeaders = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-forwarded-scheme",
  "x-forwarded-server",
  "x-forwarded-ssl",
  "x-original-host"
]

const signatureHeader = /^(?:authorization|[a-z0-9-]{0,40}(?:signature|nonce|timestamp)[a-z0-9-]{0,40})$/

/** The names of a request's headers that look like a signature, or belong to one. */
export const signatureHeaders = ({ headers }: RawRequest) =>
  Object.keys(headers)
    .filter((name) => signatureHeader.test(name) && headers[name] !== undefined)
    .sort()
    .slice(0, 10)

const forwarded = (headers: RawRequest["headers"], known: ReadonlySet<string>) => {
  const shown = addressHeaders.flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, shownText(value)] as const]
  })
  const prefix = headers["x-forwarded-prefix"]
  return Object.fromEntries(
    prefix === undefined ? shown : [...shown, ["x-forwarded-prefix", shownText(redactedPath(prefix, known))] as const]
  )
}

/** What may be kept of a refused request. `known` are the parts of paths that are no secret. Pure. */
export const describeRequest = (
  raw: RawRequest,
  reason: string,
  known: ReadonlySet<string>
): Omit<FailureDetails, "explanation" | "kind"> => ({
  method: shownText(raw.method, 16),
  host: raw.headers["host"] === undefined ? null : shownHost(raw.headers["host"]),
  forwarded_headers: forwarded(raw.headers, known),
  content_type: raw.headers["content-type"] === undefined ? null : shownText(raw.headers["content-type"], 100),
  signature_headers: signatureHeaders(raw),
  body_sha256: createHash("sha256").update(raw.body).digest("hex"),
  body_bytes: raw.body.length,
  reason: shownText(reason, 500)
})
