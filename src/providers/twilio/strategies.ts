import { Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import { isFinal } from "../../carrier/CallStatus.ts"
import type { StatusReport } from "../../carrier/TelephonyProvider.ts"
import type {
  TransferFailure,
  TransferLegReport,
  TransferPlan,
  TransferStrategy
} from "../../carrier/TransferStrategy.ts"
import { seconds } from "./dial.ts"
import type { CallResource, TwilioRest } from "./rest.ts"
import { announceThenConference, conference } from "./twiml.ts"

const isOver = ({ kind }: CarrierError) => kind === "not-found"

/**
 * A transfer through a conference (Twilio: Conference noun): the destination's leg is dialled straight into it, the caller is
 * redirected there when it answers, and whoever leaves ends it for both.
 */
export const transferStrategy = (rest: TwilioRest, report: (call: CallResource) => StatusReport): TransferStrategy => ({
  announces: true,
  dial: Effect.fn("Twilio.transfer.dial")(function* (plan: TransferPlan) {
    const created = yield* rest.createCall([
      ["To", plan.destination],
      ["From", plan.callerId],
      ["Twiml", announceThenConference(plan.room, plan.announcement)],
      ["StatusCallback", plan.links.route("/transfer-status")],
      ["StatusCallbackMethod", "POST"],
      ["StatusCallbackEvent", "initiated"],
      ["StatusCallbackEvent", "ringing"],
      ["StatusCallbackEvent", "answered"],
      ["StatusCallbackEvent", "completed"],
      ["Timeout", seconds(plan.ringTimeoutSeconds, "ring")],
      ["TimeLimit", seconds(plan.maxDurationSeconds, "call")]
    ])
    return { providerCallId: created.sid, rawStatus: created.status }
  }),
  join: ({ call, room }) =>
    call.providerCallId === undefined
      ? Effect.void
      : Effect.asVoid(rest.redirectCall(call.providerCallId, conference(room))),
  drop: ({ destinationCallId }) =>
    destinationCallId === undefined
      ? Effect.void
      : Effect.catchIf(Effect.asVoid(rest.endCall(destinationCallId)), isOver, () => Effect.void),
  status: ({ destinationCallId }) =>
    destinationCallId === undefined
      ? Effect.undefined
      : Effect.catchIf(Effect.map(rest.call(destinationCallId), report), isOver, () => Effect.undefined)
})

const failures: Readonly<Partial<Record<NonNullable<StatusReport["status"]>, TransferFailure>>> = {
  busy: "busy",
  "no-answer": "no_answer",
  canceled: "no_answer",
  failed: "unreachable"
}

/** What a status callback of the destination's leg means for the transfer; undefined where it tells nothing new. */
export const transferLeg = (report: StatusReport): TransferLegReport | undefined => {
  const { dedupeKey, providerCallId, rawStatus, status } = report
  const told = { providerCallId, rawStatus, dedupeKey }
  if (status === "ringing") return { ...told, state: "ringing" }
  if (status === "in-progress") return { ...told, state: "answered" }
  if (status === undefined || !isFinal(status)) return undefined
  const failure = failures[status]
  return { ...told, state: "ended", ...(failure === undefined ? {} : { failure }) }
}
