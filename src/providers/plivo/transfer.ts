import { Effect } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { TransferStrategy } from "../../carrier/TransferStrategy.ts"
import { provider } from "./config.ts"
import { endLeg, lookUp } from "./findCall.ts"
import { digitsOf, inSeconds, longestCall } from "./dialForm.ts"
import type { PlivoRest } from "./rest.ts"

/**
 * Transfers by a conference (Plivo: Transfer a call, Conference XML): the destination's answer document takes it into the room, and
 * the caller's leg is redirected to a document that does the same.
 */
export const transferBy = (rest: PlivoRest): TransferStrategy => ({
  announces: true,
  dial: Effect.fn("Plivo.transfer.dial")(function* (plan) {
    const told = plan.links.route("/transfer-status")
    const { id, message } = yield* rest.createCall({
      from: digitsOf(plan.callerId),
      to: digitsOf(plan.destination),
      answer_url: plan.links.route("/transfer-answer"),
      answer_method: "POST",
      ring_url: told,
      ring_method: "POST",
      hangup_url: told,
      hangup_method: "POST",
      ring_timeout: inSeconds(plan.ringTimeoutSeconds),
      time_limit: inSeconds(plan.maxDurationSeconds, longestCall)
    })
    return { providerCallId: id, rawStatus: message, memory: { request_uuid: id } }
  }),
  join: Effect.fn("Plivo.transfer.join")(function* (transfer) {
    const { providerCallId } = transfer.call
    if (providerCallId === undefined) return yield* callerUnknown
    yield* rest.redirectCall(providerCallId, transfer.links.route("/transfer-caller"))
  }),
  drop: Effect.fn("Plivo.transfer.drop")(function* ({ destinationCallId, destinationMemory }) {
    if (destinationCallId !== undefined) yield* endLeg(rest, destinationCallId, destinationMemory)
  }),
  status: Effect.fn("Plivo.transfer.status")(function* ({ destinationCallId }) {
    return destinationCallId === undefined ? undefined : yield* lookUp(rest, destinationCallId)
  })
})

const callerUnknown = new CarrierError({
  provider,
  kind: "not-found",
  message: "Plivo's id of the caller's leg is not known yet, so it was not moved. Try again in a moment."
})
