import { type CallStatus, isFinal } from "../../carrier/CallStatus.ts"
import type { CallCost } from "../../carrier/TelephonyProvider.ts"
import type { TransferFailure } from "../../carrier/TransferStrategy.ts"
import { Option, Schema } from "effect"

/** What a `call.hangup` says about why. */
export interface Hangup {
  /** Telnyx's word, an open set. */
  readonly cause: string
  /** The SIP response as text, or a word such as `unspecified`. */
  readonly sipCause: string | undefined
  /** Audio was measured, which takes an answer. */
  readonly hadAudio: boolean
  /** Our own call routes are told of calls that we placed or answered, the application's URL of those that we did not. */
  readonly isOurs: boolean
}

/** The SIP responses that say no: 400 and above. */
const refusal = ({ sipCause }: Hangup): string | undefined =>
  sipCause !== undefined && /^[4-6]\d\d$/.test(sipCause) ? sipCause : undefined

const isBusy = (sip: string | undefined) => sip === "486" || sip === "600"

/** An unanswered end, where only the SIP response tells which. */
const bySip = (sip: string): CallStatus => {
  if (isBusy(sip)) return "busy"
  if (sip === "480" || sip === "408") return "no-answer"
  return sip === "487" ? "canceled" : "failed"
}

/**
 * The final status of a call from its hang-up, which does not say whether it was answered (Telnyx: hangup causes). So
 * `normal_clearing` is the end of an answered call, unless a SIP response says no or we never answered it.
 */
export const hangupStatus = (hangup: Hangup): CallStatus => {
  const sip = refusal(hangup)
  const wasAnswered = hangup.hadAudio || hangup.sipCause === "200"
  switch (hangup.cause) {
    case "normal_clearing":
      if (sip !== undefined) return bySip(sip)
      return hangup.isOurs || wasAnswered ? "completed" : "canceled"
    case "time_limit":
      return "completed"
    case "user_busy":
    case "busy":
      return "busy"
    case "no_answer":
    case "timeout":
      return "no-answer"
    case "originator_cancel":
      return "canceled"
    case "call_rejected":
      return isBusy(sip) ? "busy" : "failed"
    default:
      return wasAnswered && sip === undefined ? "completed" : "failed"
  }
}

/** The code that is kept with a call that did not come about: the SIP response, or Telnyx's word. */
export const failureCode = (hangup: Hangup): string | undefined => {
  const status = hangupStatus(hangup)
  return isFinal(status) && status !== "completed" ? (refusal(hangup) ?? hangup.cause) : undefined
}

/** Why the destination of a transfer ended before it answered. Undefined: that it had answered is as likely. */
export const transferFailure = (hangup: Hangup): TransferFailure | undefined => {
  const sip = refusal(hangup)
  switch (hangup.cause) {
    case "not_found":
    case "unallocated_number":
      return "unreachable"
    case "call_rejected":
      return isBusy(sip) ? "busy" : "rejected"
    case "originator_cancel":
      return "canceled"
  }
  if (sip === "404" || sip === "484" || sip === "604") return "unreachable"
  if (sip === "403" || sip === "603") return "rejected"
  switch (hangupStatus(hangup)) {
    case "busy":
      return "busy"
    case "no-answer":
      return "no_answer"
    case "canceled":
      return "canceled"
    case "completed":
      return undefined
    default:
      return "carrier_failed"
  }
}

const readCurrency = Schema.decodeUnknownOption(
  Schema.Array(Schema.Struct({ currency: Schema.String.check(Schema.isPattern(/^[A-Za-z]{3}$/)) }))
)

/** What a `call.cost` says. The currency stands only with the parts. */
export const callCost = (total: string | null | undefined, parts: unknown): CallCost | undefined => {
  const amount = /^\d+(?:\.\d+)?$/.exec(total ?? "")?.[0]
  const currency = Option.getOrUndefined(readCurrency(parts))?.[0]?.currency.toUpperCase() ?? "USD"
  return amount === undefined ? undefined : { amount, currency }
}
