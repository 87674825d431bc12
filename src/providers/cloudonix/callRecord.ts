import { type CallStatus, isFinal } from "../../carrier/CallStatus.ts"
import type { StatusReport } from "../../carrier/TelephonyProvider.ts"
import { asFields, type Fields, optionalText, tokenText } from "./fields.ts"

/** `disposition` in capitals and without blanks and dashes (Cloudonix: Call Detail Reports). */
const dispositions: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["ANSWER", "completed"],
  ["ANSWERED", "completed"],
  ["CONNECTED", "completed"],
  ["BUSY", "busy"],
  ["CANCEL", "canceled"],
  ["NOANSWER", "no-answer"],
  ["FAILED", "failed"],
  ["CONGESTION", "failed"]
])

/** Prices are kept as they come: neither their currency nor their meaning is documented. */
const kept: ReadonlyArray<readonly [ours: string, theirs: string]> = [
  ["sip_call_id", "call_id"],
  ["trunk_id", "cx_trunk_id"],
  ["rated_cost", "rated_cost"],
  ["approx_cost", "approx_cost"],
  ["sell_cost", "sell_cost"]
]

const seconds = (value: unknown): number | undefined => {
  const number = typeof value === "string" && /^\d{1,9}(?:\.\d{1,9})?$/.test(value) ? Number(value) : value
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined
}

/**
 * A call record (CDR): one per finished call. `billsec` counts from the answer and may be 0; `call_id` is the SIP one and names
 * no session. Undefined: its `session` is missing, null or mere text, so that it belongs to no call of ours.
 */
export const callRecordReport = (fields: Fields): StatusReport | undefined => {
  const token = tokenText(asFields(fields["session"])?.["token"])
  if (token === undefined) return undefined
  const rawStatus = optionalText(fields, "disposition")?.slice(0, 64) ?? "none"
  const status = dispositions.get(rawStatus.toUpperCase().replaceAll(/[\s-]/g, ""))
  const final = status !== undefined && isFinal(status)
  const lasted = seconds(fields["billsec"]) ?? seconds(fields["duration"]) ?? 0
  return {
    providerCallId: token,
    status,
    rawStatus,
    dedupeKey: `cdr:${token}`,
    details: Object.fromEntries(
      kept.flatMap(([ours, theirs]) => {
        const value = optionalText(fields, theirs)
        return value === undefined ? [] : [[ours, value.slice(0, 200)] as const]
      })
    ),
    ...(final ? { durationMs: Math.round(lasted * 1000) } : {}),
    ...(final && status !== "completed" ? { failureCode: rawStatus } : {})
  }
}
