import { type Effect, Schema } from "effect"
import type { CarrierError } from "./CarrierError.ts"
import type { CallMemory, CallReference, PlacedCall, StatusReport } from "./TelephonyProvider.ts"

/** Why a transfer did not come about. */
export const TransferFailure = Schema.Literals([
  "busy",
  "no_answer",
  "rejected",
  "timeout",
  "unreachable",
  "caller_gone",
  "bridge_failed",
  "carrier_failed",
  "canceled"
])
export type TransferFailure = typeof TransferFailure.Type

/** A transfer of a call that is up: who is to be joined with whom. */
export interface TransferPlan {
  readonly transferId: string
  /** The call of the person who is transferred. */
  readonly call: CallReference
  /** Canonical address (E.164, SIP URI or extension). */
  readonly destination: string
  /** The caller id that the destination sees: canonical, an active number of the configuration. */
  readonly callerId: string
  /** How long the destination may ring, s. */
  readonly ringTimeoutSeconds: number
  /** When the carrier is to end the destination's leg if we have not, s after its answer. */
  readonly maxDurationSeconds: number
  /** What the destination hears before it is joined; only where the strategy `announces`. */
  readonly announcement: string | undefined
  /** A name for the conference in which the two meet: letters, digits and dashes, not to be guessed, new for every transfer. */
  readonly room: string
  /** Absolute URLs of the provider's transfer routes, with the transfer's signed token in the path. */
  readonly links: { readonly route: (path: string) => string }
}

/** A transfer whose destination was dialled. */
export interface DialledTransfer extends TransferPlan {
  /** The carrier's id of the destination's leg; undefined while the outcome of the dial is unknown. */
  readonly destinationCallId: string | undefined
  /** What the provider asked to remember about the destination's leg. */
  readonly destinationMemory: CallMemory
}

/**
 * How a carrier moves a caller to somebody else. The destination is dialled as a leg of its own, while the caller stays with
 * the agent; when it answers, the two are joined and the caller's media stream is over. Nothing has happened to the caller
 * before `join`, so a destination that does not answer costs nothing.
 *
 * What becomes of the destination's leg is told by the provider's `transfer` routes (or its listener) through
 * `CallReports.transferLeg`. Whoever of the two hangs up after the joining, the other one is hung up as well, by
 * `TelephonyProvider.hangUp` or by `drop`: a strategy need not see to it.
 */
export interface TransferStrategy {
  /** Whether the destination can be told something before it is joined. */
  readonly announces: boolean
  /** Dials the destination. Never repeated. */
  readonly dial: (plan: TransferPlan) => Effect.Effect<PlacedCall, CarrierError>
  /** The destination has answered: takes the caller out of the media stream and joins the two. Safe to call again. */
  readonly join: (transfer: DialledTransfer) => Effect.Effect<void, CarrierError>
  /** Ends the destination's leg, ringing or answered. One that is over already is a success. */
  readonly drop: (transfer: DialledTransfer) => Effect.Effect<void, CarrierError>
  /** Asks the carrier for the destination's leg. Undefined: there is none. */
  readonly status: (transfer: DialledTransfer) => Effect.Effect<StatusReport | undefined, CarrierError>
}

/** What a carrier tells about the destination's leg of a transfer. */
export interface TransferLegReport {
  readonly providerCallId: string
  /** `answered`: it may be joined now (where it must be in a room first, it is). */
  readonly state: "ringing" | "answered" | "ended"
  /** Why it ended before it was answered. */
  readonly failure?: TransferFailure
  /** The carrier's own word. */
  readonly rawStatus: string
  readonly dedupeKey: string
  readonly memory?: CallMemory
}
