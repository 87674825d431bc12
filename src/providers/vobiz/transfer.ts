import { Effect } from "effect"
import { isFinal } from "../../carrier/CallStatus.ts"
import type { StatusReport } from "../../carrier/TelephonyProvider.ts"
import type {
  DialledTransfer,
  TransferFailure,
  TransferLegReport,
  TransferPlan,
  TransferStrategy
} from "../../carrier/TransferStrategy.ts"
import { askFor, dialBody, idOf } from "./calls.ts"
import type { VobizRest } from "./rest.ts"

/**
 * Transfers by a conference (Vobiz: Transfer a call, Conference): the destination is dialled into a room of its own, and the
 * caller's leg is redirected to a document that goes there, which ends its media stream. Not tried with the live carrier.
 */
export const transferStrategy = (rest: VobizRest): TransferStrategy => ({
  announces: true,
  dial: Effect.fn("Vobiz.transfer.dial")(function* (plan: TransferPlan) {
    const providerCallId = yield* rest.createCall(
      dialBody({
        from: plan.callerId,
        to: plan.destination,
        answerUrl: plan.links.route("/transfer-answer"),
        statusUrl: plan.links.route("/transfer-status"),
        ringTimeoutSeconds: plan.ringTimeoutSeconds,
        maxDurationSeconds: plan.maxDurationSeconds
      })
    )
    return { providerCallId, rawStatus: "initiated" }
  }),
  join: Effect.fn("Vobiz.transfer.join")(function* (transfer: DialledTransfer) {
    yield* rest.redirect(yield* idOf(transfer.call), transfer.links.route("/transfer-join"))
  }),
  drop: Effect.fn("Vobiz.transfer.drop")(function* ({ destinationCallId }: DialledTransfer) {
    if (destinationCallId !== undefined) yield* rest.endCall(destinationCallId)
  }),
  status: Effect.fn("Vobiz.transfer.status")(function* ({ destinationCallId }: DialledTransfer) {
    return destinationCallId === undefined ? undefined : yield* askFor(rest, destinationCallId)
  })
})

/** Codes of a callee who refuses, and of one who cannot be reached (Vobiz: Hangup causes). */
const refusing: ReadonlySet<string> = new Set(["3020", "3040", "3110"])
const unreachable: ReadonlySet<string> = new Set(["2000", "2010", "2020", "3050", "3070", "3120"])

const failureOf = ({ failureCode = "", status }: StatusReport): TransferFailure | undefined => {
  if (status === "completed") return undefined
  if (status === "busy") return "busy"
  if (status === "no-answer" || status === "canceled") return "no_answer"
  if (refusing.has(failureCode)) return "rejected"
  return unreachable.has(failureCode) ? "unreachable" : "carrier_failed"
}

/**
 * What a webhook of the destination's leg means for its transfer. Undefined: nothing. Where something is announced first, the
 * answer is not enough: the conference tells when the destination has come in.
 */
export const legReport = (plan: TransferPlan, report: StatusReport): TransferLegReport | undefined => {
  const { dedupeKey, providerCallId, rawStatus, status } = report
  if (status === undefined || providerCallId === plan.call.providerCallId) return undefined
  const told = { providerCallId, rawStatus, dedupeKey }
  if (isFinal(status)) {
    const failure = failureOf(report)
    return { ...told, state: "ended", ...(failure === undefined ? {} : { failure }) }
  }
  return { ...told, state: status === "in-progress" && plan.announcement === undefined ? "answered" : "ringing" }
}
