import { Effect, Result } from "effect"
import { canonicalAddress } from "../../carrier/addresses.ts"
import type { CallStatus } from "../../carrier/CallStatus.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import { type InboundCall, MalformedWebhook, type StatusReport } from "../../carrier/TelephonyProvider.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { callRecordReport } from "./callRecord.ts"
import { provider } from "./config.ts"
import { isDomainName, normalizedDomain } from "./domains.ts"
import { asFields, entriesOf, type Fields, isOutbound, kindOf, optionalText, sessionToken } from "./fields.ts"
import { readSession, sessionReport } from "./session.ts"

const ownHeaders = ["x-cx-apikey", "x-cx-domain", "x-cx-session", "x-cx-source"] as const

/** Whether a request looks like Cloudonix's: its user agent, its own headers, or a domain under `cloudonix.net` in the body. */
export const recognize = (request: RawRequest): boolean => {
  const { headers } = request
  if (/cloudonix/i.test(headers["user-agent"] ?? "")) return true
  if (ownHeaders.some((name) => headers[name] !== undefined)) return true
  return entriesOf(request).some((fields) =>
    ["Domain", "AccountSid", "domain"].some((name) =>
      /^[a-z0-9.-]{1,253}\.cloudonix\.net\.?$/i.test(optionalText(fields, name) ?? "")
    )
  )
}

/** The domain that a record names, normalised. Undefined: it names none. */
export const domainOf = (fields: Fields): string | undefined => {
  const text = optionalText(fields, "Domain") ?? optionalText(fields, "AccountSid") ?? optionalText(fields, "domain")
  return text === undefined ? undefined : normalizedDomain(text)
}

/** The domain that a request claims to come from: in its body, else in its header. */
export const claimedAccountId = (request: RawRequest): string | undefined => {
  const [first] = entriesOf(request)
  const claimed = (first === undefined ? undefined : domainOf(first)) ?? request.headers["x-cx-domain"]
  const domain = claimed === undefined ? undefined : normalizedDomain(claimed)
  return domain !== undefined && isDomainName(domain) ? domain : undefined
}

const malformed = (message: string) => Effect.fail(new MalformedWebhook({ provider, message }))

/**
 * An address as Cloudonix writes it, which often leaves the plus of an international number out. Other text, such as a
 * national number, an extension or a SIP URI, stays as it is.
 */
const address = (text: string): string => {
  const digits = text.replaceAll(/[\s()-]/g, "")
  const international = canonicalAddress(`+${digits}`)
  return /^[1-9]\d{7,14}$/.test(digits) && Result.isSuccess(international) ? international.success.address : text
}

/** Facts about a call that are kept in its event log and given to its agent, by our names. */
const facts: ReadonlyArray<readonly [ours: string, theirs: string]> = [
  ["direction", "Direction"],
  ["caller_name", "CallerName"],
  ["forwarded_from", "Diverted"],
  ["asserted_identity", "AssertedIdentity"]
]

const detailsOf = (fields: Fields) =>
  Object.fromEntries(
    facts.flatMap(([ours, theirs]) => {
      const value = optionalText(fields, theirs)
      return value === undefined ? [] : [[ours, value.slice(0, 255)] as const]
    })
  )

/**
 * The voice request of an inbound call, from a trunk or from a SIP user of the domain. Undefined: the request announces none, as
 * that of a call which somebody else has placed through the same application.
 */
export const parseInbound = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const [fields] = entriesOf(request)
  if (fields === undefined) return yield* malformed("The request has no fields.")
  if (kindOf(fields) !== "voice" || isOutbound(fields)) return undefined
  const token = sessionToken(fields)
  const to = optionalText(fields, "To") ?? optionalText(asFields(fields["SessionData"]) ?? {}, "destination")
  if (token === undefined) return yield* malformed("The voice request has no usable Session.")
  if (to === undefined) return yield* malformed("The voice request has no To.")
  const from = optionalText(fields, "From") ?? optionalText(asFields(fields["SessionData"]) ?? {}, "callerId")
  const call: InboundCall = {
    providerCallId: token,
    from: from === undefined ? "anonymous" : address(from),
    to: address(to),
    details: detailsOf(fields)
  }
  return call
})

/** `CallStatus` of voice requests, which is that of a dial. */
const callStatuses: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["queued", "initiated"],
  ["ringing", "ringing"],
  ["in-progress", "in-progress"],
  ["completed", "completed"],
  ["busy", "busy"],
  ["canceled", "canceled"],
  ["failed", "failed"],
  ["no-answer", "no-answer"],
  ["unknown", "failed"]
])

/** A voice request as a status: that of a call which is answered and asks what to do. */
const voiceReport = (fields: Fields): StatusReport | undefined => {
  const token = sessionToken(fields)
  if (token === undefined) return undefined
  const rawStatus = (optionalText(fields, "CallStatus") ?? "in-progress").toLowerCase().slice(0, 64)
  return {
    providerCallId: token,
    status: callStatuses.get(rawStatus),
    rawStatus,
    dedupeKey: `voice:${token}:${rawStatus}`
  }
}

const reportOf = (fields: Fields): StatusReport | undefined => {
  switch (kindOf(fields)) {
    case "voice":
      return voiceReport(fields)
    case "cdr":
      return callRecordReport(fields)
    case "session": {
      const session = readSession(fields)
      return session === undefined ? undefined : sessionReport(session, "session")
    }
    case "conference":
    case "other":
      return undefined
  }
}

/** Every status that a request tells: session updates and call records, one or a list of them. */
export const parseStatuses = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const reports = entriesOf(request)
    .map(reportOf)
    .filter((report) => report !== undefined)
  return reports.length > 0
    ? reports
    : yield* malformed("The request is neither a session update nor a call record with a session token.")
})

/** The status that a request tells; of a list the last one. */
export const parseStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const report = (yield* parseStatuses(request)).at(-1)
  return report ?? (yield* malformed("The request tells no status."))
})

/** Somebody has come into, or left, the room of a transfer. */
export interface RoomEvent {
  readonly event: "join" | "leave"
  readonly token: string
}

/**
 * A conference event. Its name comes with and without `participant-`, in any case; the session is in `Session`, whereas session
 * updates have it in `token`. Undefined: an event of another kind, or of nobody.
 */
export const parseRoomEvent = (request: VerifiedRequest): RoomEvent | undefined => {
  const fields = entriesOf(request).find((each) => kindOf(each) === "conference")
  if (fields === undefined) return undefined
  const event = (optionalText(fields, "StatusCallbackEvent") ?? "").toLowerCase().replace(/^participant-/, "")
  const token = sessionToken(fields)
  return token !== undefined && (event === "join" || event === "leave") ? { event, token } : undefined
}
