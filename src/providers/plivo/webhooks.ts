import { Effect } from "effect"
import type { StreamStatus } from "../../carrier/callbackRoutes.ts"
import { type CallStatus, isFinal } from "../../carrier/CallStatus.ts"
import { type FormFields, parseForm, singleField } from "../../carrier/forms.ts"
import { detailsOf, optionalField as optional, requiredField } from "../../carrier/webhookFields.ts"
import { rawQuery } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import type { InboundCall, StatusReport } from "../../carrier/TelephonyProvider.ts"
import { provider } from "./config.ts"
import { signatureHeaders } from "./signature.ts"
import { callCost, callStatus, durationMs, finalStatus, type HangupFacts } from "./statuses.ts"

const authIdPattern = /^(MA|SA)[A-Z0-9]{18}$/
const uuidPattern = /^[0-9A-Za-z-]{8,64}$/
const wordPattern = /^[A-Za-z-]{1,32}$/

/** The fields of a webhook: of the body, or of the query where Plivo was told to use GET. */
export const fieldsOf = ({ method, publicUrl, body }: RawRequest | VerifiedRequest): FormFields =>
  parseForm(method === "GET" ? rawQuery(publicUrl) : body) ?? []

const required = requiredField(provider)

/** Whether a request looks like Plivo's. The fields alone would not tell: another carrier sends nearly the same. */
export const recognize = (request: RawRequest): boolean =>
  signatureHeaders.some((name) => (request.headers[name] ?? "") !== "") &&
  optional(fieldsOf(request), "CallUUID") !== undefined

/** The account id that a request claims: the subaccount's own, which is rare, else the main account's. */
export const claimedAccountId = (request: RawRequest): string | undefined => {
  const fields = fieldsOf(request)
  return ["AuthID", "ParentAuthID"]
    .map((name) => singleField(fields, name))
    .find((id) => id !== undefined && authIdPattern.test(id))
}

/** Facts about a call that are kept in its event log and given to its agent, by our names. */
const facts = {
  direction: "Direction",
  forwarded_from: "ForwardedFrom",
  caller_name: "CallerName",
  caller_country: "CountryCode",
  stir_attestation: "STIRAttestation",
  stir_verdict: "STIRVerification",
  session_start: "SessionStart"
} as const

/** Plivo writes numbers as E.164 digits without `+`; whatever else stands there is left as it is. */
const addressOf = (written: string) => (/^[1-9]\d{6,14}$/.test(written) ? `+${written}` : written)

/** Events that only the end of a call has, and events of a media stream, which are none of the call's. */
const hangUpEvent = "Hangup"
const streamEvents = /^(\w+Stream|ClearedAudio)$/

/**
 * A request to the inbound URL. It announces a call only when one begins: an application without a hangup URL sends the end of
 * its calls to the same address. `from` may be any text, as for a withheld number.
 */
export const parseInbound = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const status = callStatus(optional(fields, "CallStatus") ?? "")
  const event = optional(fields, "Event") ?? "StartApp"
  const isOver = status !== undefined && isFinal(status)
  if (event !== "StartApp" || isOver || optional(fields, "Direction")?.toLowerCase() === "outbound") return undefined
  const call: InboundCall = {
    providerCallId: yield* required(fields, "CallUUID", uuidPattern),
    from: addressOf(optional(fields, "From") ?? "anonymous"),
    to: yield* required(fields, "To"),
    details: detailsOf(fields, facts)
  }
  return call
})

/** What a callback says about the end of a call. Undefined: the call is not over. */
const hangup = (fields: FormFields): HangupFacts | undefined => {
  const word = optional(fields, "CallStatus")
  const status = callStatus(word ?? "")
  const over = singleField(fields, "Event") === hangUpEvent || (status !== undefined && isFinal(status))
  if (!over) return undefined
  const code = optional(fields, "HangupCauseCode")
  return {
    word,
    code: code !== undefined && /^\d{1,5}$/.test(code) ? code : undefined,
    durationMs: durationMs(optional(fields, "Duration")),
    answerTime: singleField(fields, "AnswerTime")
  }
}

/** What a callback of a call or a leg says: its id, its event, and how it ended if it did. */
export const readCallback = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const providerCallId = yield* required(fields, "CallUUID", uuidPattern)
  const event = optional(fields, "Event") ?? ""
  const end = streamEvents.test(event) ? undefined : hangup(fields)
  // A stream's event is not the call's state, and must not be taken for it.
  const rawStatus =
    end === undefined ? yield* required(fields, "CallStatus", wordPattern) : (end.word ?? hangUpEvent.toLowerCase())
  const answered = event === "StartApp" && optional(fields, "Direction")?.toLowerCase() === "outbound"
  const told: CallStatus | undefined = answered ? "in-progress" : callStatus(rawStatus)
  const status = end === undefined ? (streamEvents.test(event) ? undefined : told) : finalStatus(end)
  const requestId = optional(fields, "RequestUUID")
  return {
    fields,
    providerCallId,
    status,
    rawStatus,
    end,
    dedupeKey: `status:${providerCallId}:${event}:${rawStatus}`,
    ...(requestId === undefined || !uuidPattern.test(requestId) ? {} : { memory: { request_uuid: requestId } })
  }
})

/** A callback about a call: it rings, is answered, or is over. `Duration` is in seconds. */
export const parseStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const { fields, end, providerCallId, status, rawStatus, dedupeKey, memory } = yield* readCallback(request)
  const cost = end === undefined ? undefined : callCost(optional(fields, "TotalCost"))
  const report: StatusReport = {
    providerCallId,
    status,
    rawStatus,
    dedupeKey,
    details: detailsOf(fields, {
      event: "Event",
      hangup_cause: "HangupCause",
      hangup_cause_name: "HangupCauseName",
      hangup_cause_code: "HangupCauseCode",
      hangup_source: "HangupSource",
      direction: "Direction"
    }),
    ...(memory === undefined ? {} : { memory }),
    ...(end === undefined ? {} : { durationMs: end.durationMs }),
    ...(cost === undefined ? {} : { cost }),
    ...(end?.code === "9100" ? { answeredBy: "machine" as const } : {}),
    ...(end?.code !== undefined && status !== "completed" ? { failureCode: end.code } : {})
  }
  return report
})

/** A status callback of a media stream. It may have no `CallStatus`, and is never the end of a call. */
export const parseStreamStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const event = yield* required(fields, "Event", wordPattern)
  const streamId = optional(fields, "StreamID") ?? ""
  const name = optional(fields, "Name") ?? ""
  const reason = optional(fields, "Error") ?? optional(fields, "StatusReason")
  const status: StreamStatus = {
    dedupeKey: `stream:${streamId}:${event}:${name}:${optional(fields, "Timestamp") ?? ""}`,
    kind: `stream.${event}`,
    details: detailsOf(fields, {
      stream_id: "StreamID",
      timestamp: "Timestamp",
      error: "Error",
      status_reason: "StatusReason",
      name: "Name"
    }),
    ...(event === "DroppedStream" ? { failure: reason ?? "The stream was dropped." } : {})
  }
  return status
})
