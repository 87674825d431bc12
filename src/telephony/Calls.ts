import { Context, type Effect, type Option } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { FormValues } from "../Form.ts"
import type { StatusReport } from "../ProviderSpec.ts"
import type { Call, MediaState } from "./Call.ts"
import type { EndReason } from "./EndReason.ts"

/** One line of a call's append-only log. The same `dedupeKey` again is not stored twice. */
export interface NewCallEvent {
  readonly source: "carrier" | "agent" | "operator" | "gateway"
  readonly kind: string
  /** No secrets. */
  readonly payload: FormValues
  readonly dedupeKey?: string
}

/**
 * The calls' rows and their state machine: every change is one transaction that appends the event and moves the state if
 * the move is legal. Final states absorb.
 */
export class Calls extends Context.Service<
  Calls,
  {
    readonly find: (id: string) => Effect.Effect<Option.Option<Call>, SqlError>
    readonly findByProviderId: (
      configurationId: string,
      providerCallId: string
    ) => Effect.Effect<Option.Option<Call>, SqlError>
    /** Appends to the log; false when an event with that dedupe key was there already. */
    readonly record: (callId: string, event: NewCallEvent) => Effect.Effect<boolean, SqlError>
    /** Applies what a carrier reported. Duplicates, late and reordered reports change nothing that order would not. */
    readonly report: (callId: string, report: StatusReport) => Effect.Effect<Call, SqlError>
    /** Forward only: none -> connecting -> streaming -> ended. */
    readonly moveMedia: (callId: string, to: MediaState) => Effect.Effect<void, SqlError>
    /** Stores the carrier's id, whichever of dial answer, callback and media handshake brings it first. */
    readonly learnProviderCallId: (callId: string, providerCallId: string) => Effect.Effect<void, SqlError>
    /**
     * Ends a call with its one reason, unless it ended before; gives the row as it then is and whether it was this call
     * that ended it. Frees the slot with the same statement. Does not talk to the carrier: see `CallEnding`.
     */
    readonly end: (
      callId: string,
      reason: EndReason
    ) => Effect.Effect<{ readonly call: Call; readonly first: boolean }, SqlError>
  }
>()("switchboard/Calls") {}
