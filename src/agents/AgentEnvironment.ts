import { lookup } from "node:dns/promises"
import { Context, Effect, Layer } from "effect"
import { Settings } from "../Settings.ts"
import { type AgentUnreachable, refusedAddress } from "./AgentSpec.ts"
import { bareHost, isLoopbackAddress, isLoopbackHost, isPublicAddress, privateHostList } from "./addresses.ts"

/** An IP address that a host name stands for. */
export interface ResolvedAddress {
  readonly address: string
  readonly family: 4 | 6
}

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

/** The addresses of a host name as the machine's resolver gives them; none when it knows no such host. */
export type Resolver = (hostname: string) => Effect.Effect<ReadonlyArray<ResolvedAddress>>

const systemResolver: Resolver = (hostname) =>
  Effect.tryPromise(() => lookup(hostname, { all: true, order: "verbatim" })).pipe(
    Effect.map((found) =>
      found.map(({ address, family }): ResolvedAddress => ({ address, family: family === 6 ? 6 : 4 }))
    ),
    Effect.timeout("5 seconds"),
    Effect.orElseSucceed((): ReadonlyArray<ResolvedAddress> => [])
  )

/**
 * The check behind `AgentEnvironment.guard`. Loopback is allowed where `publicUrl` is loopback itself, any other address
 * that is not public only where the operator lists its host or its network in `privateHosts`.
 */
export const addressGuard = (options: {
  readonly privateHosts: ReadonlyArray<string>
  readonly publicUrl: string
  readonly resolve: Resolver
}) => {
  const listed = privateHostList(options.privateHosts)
  const loopbackAllowed = isLoopbackHost(URL.parse(options.publicUrl)?.hostname ?? "")
  const isAllowed = (address: string) =>
    isPublicAddress(address) || listed.address(address) || (loopbackAllowed && isLoopbackAddress(address))

  return Effect.fn("AgentEnvironment.guard")(function* (url: string) {
    const parsed = URL.parse(url)
    if (parsed === null || !["ws:", "wss:"].includes(parsed.protocol) || parsed.username + parsed.password !== "") {
      return yield* refusedAddress(
        "The agent's URL must begin with ws:// or wss:// and carry no user name or password."
      )
    }
    const host = bareHost(parsed.hostname)
    const addresses = yield* options.resolve(host)
    if (addresses.length === 0) {
      return yield* refusedAddress(`The agent's host ${host} cannot be resolved. Check the URL and the DNS.`)
    }
    if (!listed.host(host) && !addresses.every(({ address }) => isAllowed(address))) {
      return yield* refusedAddress(
        `The agent's host ${host} is not on the public internet. If that is meant, add it to SWITCHBOARD_PRIVATE_HOSTS.`
      )
    }
    return { url: parsed, addresses } satisfies GuardedAddress
  })
}
