import { Context, type Effect } from "effect"
import type { EndReason } from "./EndReason.ts"

/** Ends calls towards the carrier and in the database. */
export class CallEnding extends Context.Service<
  CallEnding,
  {
    /**
     * Closes the row with the reason (first reason wins), then hangs up at the carrier with retries. Never fails: a
     * hang-up that stays uncertain is recorded and left to the sweeper. Safe to call again.
     */
    readonly hangUp: (callId: string, reason: EndReason) => Effect.Effect<void>
    /**
     * The media socket closed without anyone having ended the call: waits a short grace for the carrier's own status,
     * asks the carrier for the truth, hangs up what is still up, and closes the row.
     */
    readonly reconcile: (callId: string, suspected: EndReason) => Effect.Effect<void>
  }
>()("switchboard/CallEnding") {}
