import { type Effect, Schema, type Scope } from "effect"
import type { CallReports, ReportsUnavailable } from "./ProviderRoute.ts"
import type { CallReference, InboundCall } from "./TelephonyProvider.ts"

/**
 * A listener's connection is over. `refused`: the other side will not have us as we are (credentials, a wrong address), a
 * person must act; `lost`: it cannot be reached, or went away, which may pass; `replaced`: somebody else has taken our place,
 * and we stand back.
 */
export class ListenerEnded extends Schema.TaggedError<ListenerEnded>()("ListenerEnded", {
  provider: Schema.String,
  kind: Schema.Literals(["refused", "lost", "replaced"]),
  message: Schema.String
}) {}

/**
 * What a carrier that tells of its calls over a connection of ours, instead of by webhooks, may do with them. Everything is
 * idempotent.
 */
export interface ListenerDesk {
  /** The connection is up and has been accepted: told once per connection. */
  readonly connected: Effect.Effect<void>
  /** A call came in. It is taken with `pickUp`, or refused with `turnAway`, before this returns. */
  readonly inbound: (call: InboundCall) => Effect.Effect<void, ReportsUnavailable>
  /** The person of a call that we placed has picked up: its media is wanted now, so `pickUp` is called. */
  readonly answered: (callId: string) => Effect.Effect<void, ReportsUnavailable>
  readonly reports: CallReports["Service"]
  /** The configuration's calls that are not over, for comparison with what the carrier has. */
  readonly liveCalls: Effect.Effect<ReadonlyArray<CallReference>, ReportsUnavailable>
  /** Opens a call's media from our side, where the carrier is the server: runs the call on this node until its media ends. */
  readonly openMedia: (
    callId: string,
    address: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly protocol: string }
  ) => Effect.Effect<void, ReportsUnavailable>
}

/** Connects, and goes on until the connection is over. It never just returns: whoever runs it decides about the next try. */
export type Listener = (desk: ListenerDesk) => Effect.Effect<never, ListenerEnded, Scope.Scope>
