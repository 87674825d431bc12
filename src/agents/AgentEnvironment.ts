import { Context, type Effect } from "effect"
import type { AgentUnreachable } from "./AgentSpec.ts"

/** A host name resolved once and found allowed: connect to `address`, with `hostname` for TLS and the Host header. */
export interface GuardedAddress {
  readonly url: URL
  readonly address: string
  readonly family: 4 | 6
}

/** What agents need of the outside. */
export class AgentEnvironment extends Context.Service<
  AgentEnvironment,
  {
    /**
     * Resolves the host of an agent's URL once and refuses addresses that an agent must not reach (private, link-local,
     * loopback unless allowed): SSRF protection.
     */
    readonly guard: (url: string) => Effect.Effect<GuardedAddress, AgentUnreachable>
  }
>()("switchboard/AgentEnvironment") {}
