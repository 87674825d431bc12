import type { LookupFunction } from "node:net"
import { NodeHttpClient } from "@effect/platform-node"
import { Context, Effect, FiberSet, Layer } from "effect"
import { HttpClient } from "effect/http"
import { type HostGuard, hostGuard, pinnedLookup, type ResolvedAddress, systemResolver } from "../network/hostGuard.ts"
import { Settings } from "../Settings.ts"
import { CarrierError } from "./CarrierError.ts"

/** Resolves and judges a host whenever a connection is made, so that no answer of the resolver goes by unchecked. */
const guardedLookup = (check: HostGuard, fork: (check: Effect.Effect<void>) => unknown): LookupFunction => {
  return (hostname, options, callback) => {
    fork(
      Effect.match(check(hostname), {
        onFailure: () => callback(Object.assign(new Error(`${hostname} is refused`), { code: "EHOSTUNREACH" }), ""),
        onSuccess: (addresses) => pinnedLookup(addresses)(hostname, options, callback)
      })
    )
  }
}

/**
 * Hosts that tenants name themselves, such as their PBX: only the public internet, and what the operator lists in
 * `SWITCHBOARD_PRIVATE_HOSTS`. A host that the operator has set for the provider is not judged.
 */
export const tenantHosts = Effect.gen(function* () {
  const { privateHosts, publicUrl } = yield* Settings
  const check = hostGuard({ privateHosts, publicUrl, resolve: systemResolver })
  const fork = yield* FiberSet.makeRuntime()
  const client = yield* Layer.build(
    NodeHttpClient.layerUndiciOptions({ connect: { timeout: 3_000, lookup: guardedLookup(check, fork) } })
  )

  const http = Context.get(client, HttpClient.HttpClient)

  /** With the hosts that the operator set: by provider, or one for all. */
  return (operators: (provider: string) => string | undefined) => judge(operators, check, http)
})

const judge = (
  operators: (provider: string) => string | undefined,
  check: HostGuard,
  http: HttpClient.HttpClient
): TenantHosts => {
  const isOperators = (provider: string, url: URL) => URL.parse(operators(provider) ?? "")?.host === url.host

  const guard = Effect.fnUntraced(function* (provider: string, address: string) {
    const url = URL.parse(address)
    if (url === null) return yield* refused(provider, "The URL of the server cannot be read. Check it.")
    if (isOperators(provider, url)) return yield* systemResolver(url.hostname.replace(/^\[(.*)\]$/, "$1"))
    return yield* check(url.hostname).pipe(
      Effect.mapError(({ host, reason }) =>
        reason === "unresolved"
          ? new CarrierError({
              provider,
              kind: "unavailable",
              message: `The host ${host} cannot be resolved. Check the URL and the DNS.`
            })
          : refused(
              provider,
              `The host ${host} is not on the public internet. If that is meant, add it to SWITCHBOARD_PRIVATE_HOSTS.`
            )
      )
    )
  })

  return { guard, isOperators, http }
}

/** Which hosts may be connected to, and the client that checks each connection. */
export interface TenantHosts {
  readonly guard: GuardTenantHost
  /** Whether the operator has set this host for the provider. */
  readonly isOperators: (provider: string, url: URL) => boolean
  readonly http: HttpClient.HttpClient
}

/** Addresses of a tenant's host that may be connected to. */
export type GuardTenantHost = (
  provider: string,
  url: string
) => Effect.Effect<ReadonlyArray<ResolvedAddress>, CarrierError>

const refused = (provider: string, message: string) => new CarrierError({ provider, kind: "rejected", message })
