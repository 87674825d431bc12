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
    /** The same for a URL that is called with HTTP, such as that of an agent's tool. */
    readonly guardHttp: (url: string) => Effect.Effect<GuardedAddress, AgentUnreachable>
  }
>()("switchboard/AgentEnvironment") {
  static readonly layer = Layer.effect(
    AgentEnvironment,
    Effect.map(Settings, ({ privateHosts, publicUrl }) => {
      const options: GuardOptions = { privateHosts, publicUrl, resolve: systemResolver }
      return AgentEnvironment.of({ guard: addressGuard(options), guardHttp: httpGuard(options) })
    })
  )
}

export interface GuardOptions {
  readonly privateHosts: ReadonlyArray<string>
  readonly publicUrl: string
  readonly resolve: Resolver
}

const guardOf = (options: GuardOptions, whose: string, schemes: readonly [string, string]) => {
  const check = hostGuard(options)
  return Effect.fn("AgentEnvironment.guard")(function* (url: string) {
    const parsed = URL.parse(url)
    const isKnown = parsed !== null && schemes.includes(parsed.protocol.slice(0, -1))
    if (!isKnown || parsed.username + parsed.password !== "") {
      return yield* refusedAddress(
        `The ${whose} URL must begin with ${schemes[0]}:// or ${schemes[1]}:// and carry no user name or password.`
      )
    }
    const addresses = yield* check(parsed.hostname).pipe(
      Effect.mapError(({ host, reason }) =>
        refusedAddress(
          reason === "unresolved"
            ? `The ${whose} host ${host} cannot be resolved. Check the URL and the DNS.`
            : `The ${whose} host ${host} is not on the public internet. If that is meant, add it to SWITCHBOARD_PRIVATE_HOSTS.`
        )
      )
    )
    return { url: parsed, addresses } satisfies GuardedAddress
  })
}

/** The check behind `AgentEnvironment.guard`; see `hostGuard` for what is allowed. */
export const addressGuard = (options: GuardOptions) => guardOf(options, "agent's", ["ws", "wss"])

/** The check behind `AgentEnvironment.guardHttp`. */
export const httpGuard = (options: GuardOptions) => guardOf(options, "tool's", ["https", "http"])
