import type { RestReply } from "../../../simulator/RestServer.ts"

/** Title and detail by code (Telnyx: API error codes). The codes with a D are those of the SIP side. */
const texts = {
  "10003": ["Invalid URL", "The URL provided was invalid, malformed, or too long."],
  "10004": ["Missing required parameter", "A required parameter was missing."],
  "10005": ["Resource not found", "The requested resource or URL could not be found."],
  "10007": ["Unexpected error", "An unexpected error occured."],
  "10009": [
    "Authentication failed",
    "The required authentication headers were either invalid or not included in the request."
  ],
  "10011": ["Too many requests", "You have exceeded the maximum number of allowed requests."],
  "10015": ["Bad Request", "The request failed because it was not well-formed."],
  "10016": ["Phone number must be in +E.164 format", "The specified phone number parameter must be in +E.164 format."],
  "10023": ["Invalid JSON", "The supplied JSON is invalid."],
  "10025": ["String length out of range", "The string length was outside the allowed range."],
  "10026": ["Invalid parameter type", "The parameter is of the wrong type."],
  "10027": [
    "Unprocessable Entity",
    "The server understood the syntax of the request but was unable to process the instructions."
  ],
  "10029": ["Expected JSON Content-Type", "Must encode request as 'application/json'"],
  "10030": ["Method not allowed", "The URL is valid, but the method is not allowed."],
  "10031": ["Invalid request filter", "The request filter is invalid."],
  "10032": ["Invalid enumerated value", "The value must be one of those that are documented."],
  "10033": ["Value outside of range", "The value is outside of the allowed range."],
  "85004": ["Invalid connection id provided", "The connection id provided is invalid."],
  "90010": ["Invalid value for payload", "The 'payload' parameter should contain between 1 and 5000 characters."],
  "90014": ["Invalid value for digits", "The 'digits' parameter holds something that is no digit."],
  "90015": ["Invalid Call Control ID", "The call_control_id provided was not valid."],
  "90017": ["Invalid value for client_state", "The 'client_state' parameter must be a valid base64 string."],
  "90018": ["Call has already ended", "This call is no longer active and can't receive commands."],
  "90019": ["Conference has already ended", "This conference is no longer active and can't receive commands."],
  "90027": ["Invalid value for duration_millis", "The 'duration_millis' parameter must be between 100 and 500."],
  "90028": ["Invalid value for timeout_secs", "The 'timeout_secs' parameter must be an 'integer' from 5 to 600."],
  "90029": ["Invalid value for time_limit_secs", "The 'time_limit_secs' parameter must be between 60 and 14,000."],
  "90032": ["Too many conference participants", "The maximum number of participants has been reached."],
  "90033": ["Conference has no active participants", "This conference does not have any active participants."],
  "90034": [
    "Call has not been answered yet",
    "This call can't receive this command because it has not been answered yet."
  ],
  "90044": ["Conference join not allowed", "Participant must not join the same conference twice."],
  "90045": ["Media Streaming is used.", "This command can't be issued when media streaming is used."],
  "90048": ["Media Streaming is not used.", "This command can only be issued when media streaming is used."],
  "90058": ["Invalid conference_id", "The conference does not exist."],
  "90102": ["Command is invalid", "Call answer command cannot be issued for outbound calls."],
  D38: ["Authorization failed", "The connection has no outbound voice profile. D38"],
  D51: ["Authorization failed", "The caller id is neither owned nor verified. D51"]
} as const
export type ErrorCode = keyof typeof texts

/** The body of an answer that is not an error. */
export const ok = (data: unknown, status = 200): RestReply => ({ status, body: JSON.stringify({ data }) })

/** Accepted; the effect is told by webhooks. */
export const accepted = (more: Readonly<Record<string, unknown>> = {}) => ok({ result: "ok", ...more })

/** An error: the code is a text, `pointer` names the parameter (Telnyx: errors). */
export const refuse = (status: number, code: ErrorCode, pointer?: string): RestReply => {
  const [title, detail] = texts[code]
  const source = pointer === undefined ? {} : { source: { pointer: `/${pointer}` } }
  const meta = { url: `https://developers.telnyx.com/docs/overview/errors/${code}` }
  return { status, body: JSON.stringify({ errors: [{ code, title, detail, ...source, meta }] }) }
}

/** A refusal in a call's errors: `90034 Call has not been answered yet`. */
export const told = (code: ErrorCode, what: string) => `${code} ${what}: ${texts[code][0]}`

export const unauthorized = refuse(401, "10009")
export const notFound = refuse(404, "10005")
export const methodNotAllowed = refuse(405, "10030")
export const broken = refuse(500, "10007")

/** Telnyx says when to come back in its own headers, in seconds. */
export const throttled = (seconds: number): RestReply => ({
  ...refuse(429, "10011"),
  headers: { "x-ratelimit-limit": "200", "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(seconds) }
})

/** A page of a list: `page[size]` 20 unless asked for, at most 250; `page[number]` from 1. */
export const page = (query: URLSearchParams, items: ReadonlyArray<unknown>): RestReply => {
  const size = Math.min(250, Math.max(1, Number(query.get("page[size]") ?? "20") || 20))
  const number = Math.max(1, Number(query.get("page[number]") ?? "1") || 1)
  const meta = {
    page_number: number,
    page_size: size,
    total_pages: Math.ceil(items.length / size),
    total_results: items.length
  }
  return { status: 200, body: JSON.stringify({ data: items.slice((number - 1) * size, number * size), meta }) }
}
