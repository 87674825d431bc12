import { lookup } from "node:dns/promises"
import type { LookupFunction } from "node:net"
import { Effect, Schema } from "effect"
import { bareHost, isLoopbackAddress, isLoopbackHost, isPublicAddress, privateHostList } from "./addresses.ts"

/** An IP address that a host name stands for. */
export interface ResolvedAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** A host that a tenant's URL names and that Switchboard does not connect to. `host` is without brackets and port. */
export class HostRefused extends Schema.TaggedError<HostRefused>()("HostRefused", {
  host: Schema.String,
  reason: Schema.Literals(["unresolved", "private"])
}) {}

/** The addresses of a host name as the machine's resolver gives them; none when it knows no such host. */
export type Resolver = (hostname: string) => Effect.Effect<ReadonlyArray<ResolvedAddress>>

export const systemResolver: Resolver = (hostname) =>
  Effect.tryPromise(() => lookup(hostname, { all: true, order: "verbatim" })).pipe(
    Effect.map((found) =>
      found.map(({ address, family }): ResolvedAddress => ({ address, family: family === 6 ? 6 : 4 }))
    ),
    Effect.timeout("5 seconds"),
    Effect.orElseSucceed((): ReadonlyArray<ResolvedAddress> => [])
  )

/** Resolves a URL's host once and gives its addresses, at least one, if all of them may be connected to. */
export type HostGuard = (hostname: string) => Effect.Effect<ReadonlyArray<ResolvedAddress>, HostRefused>

/**
 * Keeps tenants' URLs away from the operator's network (SSRF): loopback is allowed where `publicUrl` is loopback itself, any
 * other address that is not public only where the operator lists its host or its network in `privateHosts`. One refused
 * address among several refuses the host.
 */
export const hostGuard = (options: {
  readonly privateHosts: ReadonlyArray<string>
  readonly publicUrl: string
  readonly resolve: Resolver
}): HostGuard => {
  const listed = privateHostList(options.privateHosts)
  const loopbackAllowed = isLoopbackHost(URL.parse(options.publicUrl)?.hostname ?? "")
  const isAllowed = (address: string) =>
    isPublicAddress(address) || listed.address(address) || (loopbackAllowed && isLoopbackAddress(address))

  return Effect.fnUntraced(function* (hostname: string) {
    const host = bareHost(hostname)
    const addresses = yield* options.resolve(host)
    if (addresses.length === 0) return yield* new HostRefused({ host, reason: "unresolved" })
    if (!listed.host(host) && !addresses.every(({ address }) => isAllowed(address)))
      return yield* new HostRefused({ host, reason: "private" })
    return addresses
  })
}

/** A `lookup` for sockets that gives the checked addresses instead of asking the resolver again. */
export const pinnedLookup =
  (addresses: ReadonlyArray<ResolvedAddress>): LookupFunction =>
  (_hostname, options, callback) => {
    const [first] = addresses
    if (options.all === true) callback(null, [...addresses])
    else callback(null, first?.address ?? "", first?.family)
  }
