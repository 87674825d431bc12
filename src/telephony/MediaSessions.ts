import type { Redacted } from "effect"
import { Context, type Effect, Schema } from "effect"
import type { RawRequest } from "../carrier/RawRequest.ts"
import type { MediaSocket } from "../Transport.ts"

/** Why an upgrade is refused, before it is accepted. */
export class UpgradeRefused extends Schema.TaggedError<UpgradeRefused>()("UpgradeRefused", {
  status: Schema.Literals([401, 403, 404, 409, 503]),
  reason: Schema.String
}) {}

/** The media side of calls that this node holds. */
export class MediaSessions extends Context.Service<
  MediaSessions,
  {
    /**
     * Decides about an upgrade request: checks the ticket, the call and the carrier's signature, and uses the ticket up.
     * Gives the effect that runs the call over the accepted socket until it ends; that effect never fails, and leaves
     * nothing behind. Http.ts runs it in a scope of its own.
     */
    readonly admit: (
      ticket: Redacted.Redacted<string>,
      upgrade: RawRequest
    ) => Effect.Effect<(socket: MediaSocket) => Effect.Effect<void>, UpgradeRefused>
    /** How many calls this node holds now. */
    readonly live: Effect.Effect<number>
    /** From now on refuses new upgrades; waits until the live calls ended or the deadline passed, then ends the rest as `drained`. */
    readonly drain: (deadlineMs: number) => Effect.Effect<void>
  }
>()("switchboard/MediaSessions") {}
