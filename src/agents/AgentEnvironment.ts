import { Context, Effect, Layer } from "effect"
import { hostGuard, type ResolvedAddress, type Resolver, systemResolver } from "../network/hostGuard.ts"
import { Settings } from "../Settings.ts"
import { type AgentUnreachable, refusedAddress } from "./AgentSpec.ts"

/** A host resolved once and found allowed: connect to one of `addresses` only, with the URL's host for TLS and `Host`. */
export interface GuardedAddress {
  readonly url: URL
  /** At least one. */
  readonly addresses: ReadonlyArray<ResolvedAddress>
}

/** What agents need of the outside. */
export class AgentEnvironment extends Context.Service<
  AgentEnvironment,
  {
    /**
     * Resolves the host of an agent's URL once and refuses addresses that an agent must not reach (private, link-local,
     * loopback unless allowed): SSRF protection. One refused address among several refuses the host.
     */
    readonly guard: (url: string) => Effect.Effect<GuardedAddress, AgentUnreachable>
  }
>()("switchboard/AgentEnvironment") {
  static readonly layer = Layer.effect(
    AgentEnvironment,
    Effect.map(Settings, ({ privateHosts, publicUrl }) =>
      AgentEnvironment.of({ guard: addressGuard({ privateHosts, publicUrl, resolve: systemResolver }) })
    )
  )
}

/** The check behind `AgentEnvironment.guard`; see `hostGuard` for what is allowed. */
export const addressGuard = (options: {
  readonly privateHosts: ReadonlyArray<string>
  readonly publicUrl: string
  readonly resolve: Resolver
}) => {
  const check = hostGuard(options)
  return Effect.fn("AgentEnvironment.guard")(function* (url: string) {
    const parsed = URL.parse(url)
    if (parsed === null || !["ws:", "wss:"].includes(parsed.protocol) || parsed.username + parsed.password !== "") {
      return yield* refusedAddress(
        "The agent's URL must begin with ws:// or wss:// and carry no user name or password."
      )
    }
    const addresses = yield* check(parsed.hostname).pipe(
      Effect.mapError(({ host, reason }) =>
        refusedAddress(
          reason === "unresolved"
            ? `The agent's host ${host} cannot be resolved. Check the URL and the DNS.`
            : `The agent's host ${host} is not on the public internet. If that is meant, add it to SWITCHBOARD_PRIVATE_HOSTS.`
        )
      )
    )
    return { url: parsed, addresses } satisfies GuardedAddress
  })
}
