import { Effect } from "effect"
import { isFinal } from "../../carrier/CallStatus.ts"
import type { FormFields } from "../../carrier/forms.ts"
import type { InboundCall, StatusReport } from "../../carrier/TelephonyProvider.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { detailsOf, optionalField as optional, requiredField } from "../../carrier/webhookFields.ts"
import { provider } from "./config.ts"
import { readAddress } from "./numberFormats.ts"
import { callStatus, durationMs, indianTime, unanswered } from "./statuses.ts"
import { fieldsOf } from "./webhookSource.ts"

const callIdPattern = /^[0-9A-Za-z-]{1,64}$/

const required = requiredField(provider)

const word = (fields: FormFields, name: string) => {
  const value = optional(fields, name)
  return value !== undefined && /^[A-Za-z-]{1,32}$/.test(value) ? value : undefined
}

/** Facts about a call that are kept in its event log and given to its agent, by our names. */
const facts = {
  direction: "Direction",
  caller_name: "CallerName",
  country: "CountryCode",
  stir_verdict: "STIRVerification"
} as const

/** The words of a call that is announced: the answer URL also gets the end of a call whose application has no other. */
const announcing: ReadonlySet<string | undefined> = new Set([undefined, "ringing", "in-progress"])

/** The answer webhook of an inbound call. `from` may be any text, as for a withheld number. */
export const parseInbound = (country: string | undefined) =>
  Effect.fnUntraced(function* (request: VerifiedRequest) {
    const fields = fieldsOf(request)
    if ((optional(fields, "Event") ?? "StartApp") !== "StartApp" || !announcing.has(optional(fields, "CallStatus"))) {
      return undefined
    }
    const call: InboundCall = {
      providerCallId: yield* required(fields, "CallUUID", callIdPattern),
      from: readAddress(optional(fields, "From") ?? "anonymous", country),
      to: readAddress(yield* required(fields, "To"), country),
      details: detailsOf(fields, facts)
    }
    return call
  })

/** What an event says about the call where it has no `CallStatus`. */
const wordOfEvent: ReadonlyMap<string | undefined, string> = new Map([
  ["CallInitiated", "initiated"],
  ["Ring", "ringing"]
])

/** A call whose end says itself that nobody talked. Without both fields Vobiz's word is believed. */
const nobodyTalked = (fields: FormFields) => {
  const answered = fields.some(([name, value]) => name === "AnswerTime" && value !== "")
  const seconds = optional(fields, "Duration")
  const told = seconds !== undefined || fields.some(([name]) => name === "AnswerTime")
  return told && !answered && durationMs(seconds) === 0
}

const finalStatus = (fields: FormFields, rawStatus: string) => {
  const status = callStatus(rawStatus)
  return status === "completed" && nobodyTalked(fields)
    ? unanswered(optional(fields, "HangupCauseCode"), optional(fields, "HangupCause"))
    : status
}

/**
 * A ring, answer or hangup webhook. `TotalCost` is always zero here and is not read; `Duration` is in seconds, whereas
 * `BillDuration` is rounded up to minutes.
 */
export const parseStatus = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const providerCallId = yield* required(fields, "CallUUID", callIdPattern)
  const event = word(fields, "Event")
  const fallback = wordOfEvent.get(event)
  const rawStatus =
    word(fields, "CallStatus") ?? fallback ?? (yield* required(fields, "CallStatus", /^[A-Za-z-]{1,32}$/))
  const status = finalStatus(fields, rawStatus)
  const final = status !== undefined && isFinal(status)
  const code = optional(fields, "HangupCauseCode")
  const times = {
    answered_at: indianTime(optional(fields, "AnswerTime")),
    ended_at: indianTime(optional(fields, "EndTime"))
  }
  const report: StatusReport = {
    providerCallId,
    status,
    rawStatus,
    dedupeKey: `status:${providerCallId}:${event ?? ""}:${rawStatus}`,
    details: {
      ...detailsOf(fields, {
        hangup_cause: "HangupCause",
        hangup_cause_code: "HangupCauseCode",
        hangup_source: "HangupSource"
      }),
      ...(times.answered_at === undefined ? {} : { answered_at: times.answered_at }),
      ...(times.ended_at === undefined ? {} : { ended_at: times.ended_at })
    },
    ...(final ? { durationMs: durationMs(optional(fields, "Duration")) } : {}),
    ...(final && status !== "completed" && code !== undefined ? { failureCode: code } : {})
  }
  return report
})

/** An event of a conference: who came or left. Undefined: of no interest. */
export const parseRoomEvent = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const fields = fieldsOf(request)
  const event = optional(fields, "Event")
  if (event !== "ConferenceEnter") return undefined
  return { event, providerCallId: yield* required(fields, "CallUUID", callIdPattern) }
})
