import { Effect } from "effect"
import type { StatusReport } from "../../carrier/TelephonyProvider.ts"
import type {
  DialledTransfer,
  TransferFailure,
  TransferLegReport,
  TransferPlan,
  TransferStrategy
} from "../../carrier/TransferStrategy.ts"
import { isFinal } from "../../carrier/CallStatus.ts"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { dialLeg, endSession, findSessions } from "./calls.ts"
import { type CloudonixConfig, provider } from "./config.ts"
import { callerDocument, destinationDocument } from "./cxml.ts"
import type { Conference } from "./resources.ts"
import type { CloudonixRest } from "./rest.ts"
import { sessionReport } from "./session.ts"

/** How long a destination may ring, s. */
const ringSeconds = (wanted: number) => Math.min(Math.max(5, wanted), 120)

/**
 * Transfers by a conference: the destination is dialled into a room of its own, and the caller's running document is replaced by
 * one that goes there (Cloudonix: switch application), which ends the caller's media stream. Whoever of the two leaves ends the
 * conference, and the other one's document hangs up.
 */
export const transferStrategy = (rest: CloudonixRest, config: CloudonixConfig): TransferStrategy => {
  const dial = dialLeg(rest, config)
  return {
    announces: true,
    dial: Effect.fn("Cloudonix.transfer.dial")((plan: TransferPlan) =>
      dial({
        from: plan.callerId,
        to: plan.destination,
        cxml: destinationDocument(plan),
        callback: plan.links.route("/transfer-status"),
        ringTimeoutSeconds: ringSeconds(plan.ringTimeoutSeconds),
        maxDurationSeconds: plan.maxDurationSeconds
      })
    ),
    join: Effect.fn("Cloudonix.transfer.join")(function* (transfer: DialledTransfer) {
      const caller = transfer.call.providerCallId
      if (caller === undefined) return yield* callerUnknown
      if (yield* isJoined(rest, transfer)) return
      yield* rest.switchDocument(caller, callerDocument(transfer))
    }),
    drop: Effect.fn("Cloudonix.transfer.drop")(function* (transfer: DialledTransfer) {
      const token = transfer.destinationCallId ?? (yield* findDestination(rest, transfer))?.token
      if (token !== undefined) yield* endSession(rest, token)
    }),
    status: Effect.fn("Cloudonix.transfer.status")(function* (transfer: DialledTransfer) {
      const { destinationCallId } = transfer
      const session = yield* destinationCallId === undefined
        ? findDestination(rest, transfer)
        : rest.session(destinationCallId)
      return session === undefined ? undefined : sessionReport(session, "poll")
    })
  }
}

/**
 * Whether the caller is in the room already: two are. Switching the caller again would take him out of it, which ends the
 * conference. A list that cannot be had in time does not keep a caller waiting.
 */
const isJoined = (rest: CloudonixRest, { room }: DialledTransfer): Effect.Effect<boolean> =>
  rest.conferences.pipe(
    Effect.map((conferences) => conferences.some((each) => each.name === room && membersOf(each) > 1)),
    Effect.timeoutOrElse({ duration: "2 seconds", orElse: () => Effect.succeed(false) }),
    Effect.catchTag("CarrierError", () => Effect.succeed(false))
  )

const membersOf = ({ members }: Conference): number =>
  Array.isArray(members) ? members.length : typeof members === "number" ? members : 0

/** Of several legs to the same destination, the newest: an earlier try of the same caller may have been one. */
const findDestination = (rest: CloudonixRest, { callerId, destination, call }: DialledTransfer) =>
  Effect.map(
    findSessions(rest, {
      from: callerId,
      to: destination,
      notBeforeMs: call.createdAtMs,
      otherTokens: new Set([
        ...(call.otherCalls ?? []),
        ...(call.providerCallId === undefined ? [] : [call.providerCallId])
      ])
    }),
    (sessions) => sessions.at(-1)
  )

const failures: ReadonlyMap<StatusReport["status"], TransferFailure> = new Map<StatusReport["status"], TransferFailure>(
  [
    ["busy", "busy"],
    ["no-answer", "no_answer"],
    ["canceled", "no_answer"],
    ["failed", "unreachable"]
  ]
)

/**
 * What a session update of the destination's leg means for its transfer. Undefined: nothing. That it is connected is not enough:
 * it may still hear the announcement; the conference tells when it has joined.
 */
export const legReport = ({
  providerCallId,
  rawStatus,
  status,
  dedupeKey
}: StatusReport): TransferLegReport | undefined => {
  if (status === "ringing") return { providerCallId, state: "ringing", rawStatus, dedupeKey }
  if (status === undefined || !isFinal(status)) return undefined
  const failure = failures.get(status)
  return { providerCallId, state: "ended", rawStatus, dedupeKey, ...(failure === undefined ? {} : { failure }) }
}

const callerUnknown = new CarrierError({
  provider,
  kind: "not-found",
  message: "The caller's session is not known, so it cannot be moved. Hang up, and let the caller call again."
})
