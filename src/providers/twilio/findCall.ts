import { DateTime, Effect, Option } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { CallReference } from "../../carrier/TelephonyProvider.ts"
import type { CallResource, TwilioRest } from "./rest.ts"

/** ms by which Twilio's clock, which counts whole seconds, may be behind ours. */
const clockSkew = 30_000

const createdAt = ({ date_created }: CallResource): number | undefined =>
  date_created === null || date_created === undefined
    ? undefined
    : Option.getOrUndefined(Option.map(DateTime.make(date_created), DateTime.toEpochMillis))

/**
 * The call at Twilio. Without its id (the dial's answer was lost) it is the oldest one between the two addresses that was made
 * since we made ours and is none of our other calls; one that Twilio has not dated yet counts as new. The dates are compared here because Twilio's own
 * filter goes by the start time, which a queued call does not have. Undefined: Twilio has no such call.
 */
export const findCall =
  (rest: TwilioRest) =>
  (call: CallReference): Effect.Effect<CallResource | undefined, CarrierError> => {
    if (call.providerCallId !== undefined) {
      return Effect.catchIf(
        rest.call(call.providerCallId),
        ({ kind }) => kind === "not-found",
        () => Effect.undefined
      )
    }
    return Effect.map(rest.callsBetween(call.from, call.to), (calls) =>
      calls.findLast(
        (candidate) =>
          call.otherCalls?.has(candidate.sid) !== true &&
          (createdAt(candidate) ?? call.createdAtMs) >= call.createdAtMs - clockSkew
      )
    )
  }
