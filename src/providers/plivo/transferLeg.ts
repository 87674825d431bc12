import { Effect } from "effect"
import type { TransferFailure, TransferLegReport } from "../../carrier/TransferStrategy.ts"
import type { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { finalStatus, type HangupFacts, wasAnswered } from "./statuses.ts"
import { readCallback } from "./webhooks.ts"

/** The destination asks what to do: it has been answered. */
export const destinationAnswered = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const { providerCallId, rawStatus, memory } = yield* readCallback(request)
  const report: TransferLegReport = {
    providerCallId,
    rawStatus,
    state: "answered",
    dedupeKey: `answer:${providerCallId}`,
    ...(memory === undefined ? {} : { memory })
  }
  return report
})

/** A ring or hangup callback of the destination's leg. Undefined: it tells nothing about a transfer. */
export const destinationReport = Effect.fnUntraced(function* (request: VerifiedRequest) {
  const { providerCallId, rawStatus, status, end, dedupeKey, memory } = yield* readCallback(request)
  const told = { providerCallId, rawStatus, dedupeKey, ...(memory === undefined ? {} : { memory }) }
  if (end !== undefined) {
    const ended: TransferLegReport = {
      ...told,
      state: "ended",
      ...(wasAnswered(end) ? {} : { failure: failureOf(end) })
    }
    return ended
  }
  const ringing: TransferLegReport | undefined = status === "ringing" ? { ...told, state: "ringing" } : undefined
  return ringing
})

const rejectedCodes: ReadonlySet<string> = new Set(["3020", "3040", "3110"])

/** Why nobody answered. Codes 2xxx and some of 3xxx tell that the number cannot be reached at all. */
const failureOf = (end: HangupFacts): TransferFailure => {
  const { code = "" } = end
  if (rejectedCodes.has(code)) return "rejected"
  const status = finalStatus(end)
  if (status === "busy") return "busy"
  if (status === "no-answer" || status === "canceled") return "no_answer"
  if (/^2|^3050$|^3120$/.test(code)) return "unreachable"
  return status === "failed" ? "carrier_failed" : "no_answer"
}
