import { Effect } from "effect"
import type { StreamStatus } from "../../carrier/callbackRoutes.ts"
import { isFinal } from "../../carrier/CallStatus.ts"
import { type FormFields, parseForm, singleField } from "../../carrier/forms.ts"
import { detailsOf, optionalField as optional, requiredField } from "../../carrier/webhookFields.ts"
import { rawQuery } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import type { InboundCall, StatusReport } from "../../carrier/TelephonyProvider.ts"
import { provider } from "./config.ts"
import { answeredBy, callStatus, durationMs } from "./statuses.ts"

const accountSidPattern = /^AC[0-9a-fA-F]{32}$/
const callSidPattern = /^CA[0-9a-fA-F]{32}$/

/** The fields of a webhook: of the body, or of the query where Twilio was told to use GET. */
const fieldsOf = ({ method, publicUrl, body }: RawRequest | VerifiedRequest): FormFields =>
  parseForm(method === "GET" ? rawQuery(publicUrl) : body) ?? []

const required = requiredField(provider)

const ownHeaders = ["x-twilio-signature", "i-twilio-idempotency-token", "x-home-region"] as const

/** Whether a request looks like Twilio's: its user agent, its own headers, or the fields that all its webhooks have. */
export const recognize = (request: RawRequest): boolean => {
  const { headers } = request
  if (/twilioproxy/i.test(headers["user-agent"] ?? "")) return true
  if (ownHeaders.some((name) => headers[name] !== undefined)) return true
  const fields = fieldsOf(request)
  const has = (name: string) => singleField(fields, name) !== undefined
  return has("CallSid") && has("ApiVersion") && claimedAccountId(request) !== undefined
}

/** The `AccountSid` that a request claims, if it is one. */
export const claimedAccountId = (request: RawRequest): string | undefined => {
  const sid = singleField(fieldsOf(request), "AccountSid")
  return sid !== undefined && accountSidPattern.test(sid) ? sid : undefined
}

/** Facts about a call that are kept in its event log and given to its agent, by our names. */
const facts = {
  direction: "Direction",
  forwarded_from: "ForwardedFrom",
  caller_name: "CallerName",
  caller_city: "FromCity",
  caller_state: "FromState",
  caller_country: "FromCountry",
  called_country: "ToCountry",
  stir_verdict: "StirVerstat"
} as const

/** The voice webhook of an inbound call. `from` may be any text, as for a withheld number. */
export const parseInbound = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const call: InboundCall = {
    providerCallId: yield* required(fields, "CallSid", callSidPattern),
    from: optional(fields, "From") ?? "anonymous",
    to: yield* required(fields, "To"),
    details: detailsOf(fields, facts)
  }
  return call
})

/**
 * A call status callback. `CallStatus` of the `answered` event is `in-progress`; `CallDuration` is in seconds, whereas `Duration`
 * counts billed minutes and is not read.
 */
export const parseStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const providerCallId = yield* required(fields, "CallSid", callSidPattern)
  const rawStatus = yield* required(fields, "CallStatus", /^[a-z-]{1,32}$/)
  const status = callStatus(rawStatus)
  const verdict = optional(fields, "AnsweredBy")
  const sip = optional(fields, "SipResponseCode")
  const final = status !== undefined && isFinal(status)
  const report: StatusReport = {
    providerCallId,
    status,
    rawStatus,
    dedupeKey: `status:${providerCallId}:${optional(fields, "SequenceNumber") ?? ""}:${rawStatus}`,
    details: detailsOf(fields, { timestamp: "Timestamp", sip_response_code: "SipResponseCode" }),
    ...(final ? { durationMs: durationMs(optional(fields, "CallDuration")) } : {}),
    ...(verdict === undefined ? {} : { answeredBy: answeredBy(verdict) }),
    ...(final && status !== "completed" && sip !== undefined ? { failureCode: sip } : {})
  }
  return report
})

/** The verdict of answering-machine detection: a report without a status of the call. */
export const parseMachineDetection = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const providerCallId = yield* required(fields, "CallSid", callSidPattern)
  const verdict = yield* required(fields, "AnsweredBy", /^[a-z_]{1,32}$/)
  const report: StatusReport = {
    providerCallId,
    status: undefined,
    rawStatus: verdict,
    answeredBy: answeredBy(verdict),
    dedupeKey: `amd:${providerCallId}:${verdict}`,
    details: detailsOf(fields, { machine_detection_ms: "MachineDetectionDuration" })
  }
  return report
})

/** A status callback of a media stream. It has no `CallStatus`. */
export const parseStreamStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const event = yield* required(fields, "StreamEvent", /^stream-[a-z]{1,32}$/)
  const streamId = yield* required(fields, "StreamSid", /^[0-9A-Za-z]{1,64}$/)
  const status: StreamStatus = {
    dedupeKey: `stream:${streamId}:${event}`,
    kind: event,
    details: detailsOf(fields, { stream_id: "StreamSid", timestamp: "Timestamp", error: "StreamError" }),
    ...(event === "stream-error" ? { failure: optional(fields, "StreamError") ?? "The stream failed." } : {})
  }
  return status
})
