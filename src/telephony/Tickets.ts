import { Context, type Effect, type Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"

/** The ticket does not open a media socket. `unknown` 404, `expired` 401, `used` and `over` 409. */
export class TicketRefused extends Schema.TaggedError<TicketRefused>()("TicketRefused", {
  reason: Schema.Literals(["unknown", "expired", "used", "over"])
}) {}

/** One-time secrets that open a call's media socket: 128 random bits, stored hashed, good for 60 s. */
export class Tickets extends Context.Service<
  Tickets,
  {
    /**
     * A fresh ticket for a call; earlier unused ones of the call stop working. `validForMs` counts from now (a ticket that
     * is handed out before the phone was answered must outlive the ringing); 60 s by default.
     */
    readonly issue: (callId: string, validForMs?: number) => Effect.Effect<Redacted.Redacted<string>, SqlError>
    /** Which call a ticket would open, without using it up. */
    readonly peek: (
      ticket: Redacted.Redacted<string>
    ) => Effect.Effect<{ readonly callId: string }, TicketRefused | SqlError>
    /**
     * Uses the ticket up with one atomic UPDATE, and takes the call for this node (node id, lease, media `connecting`).
     * Of two at once exactly one succeeds; the other gets `used`.
     */
    readonly consume: (
      ticket: Redacted.Redacted<string>
    ) => Effect.Effect<{ readonly callId: string }, TicketRefused | SqlError>
  }
>()("switchboard/Tickets") {}
