import { Context, Effect, Layer } from "effect"
import type { HttpClient } from "effect/http"
import { Settings } from "../Settings.ts"
import { makeNonces, type Nonces } from "./nonces.ts"
import type { RestAccount, RestClient } from "./RestClient.ts"
import { makeRestClients } from "./restClients.ts"
import { type GuardTenantHost, tenantHosts } from "./tenantHosts.ts"

/** What every provider may use to talk to its carrier. */
interface Tools {
  /**
   * The base URL of a provider's REST API: `SWITCHBOARD_CARRIER_URL_<NAME>` when set, else `standard`. No trailing slash.
   */
  readonly baseUrl: (provider: string, standard: string) => string
  /** A REST client for one account. Cheap; clients of the same account share one limit of concurrent requests. */
  readonly restClient: (account: RestAccount) => RestClient
  /**
   * Resolves the host of a URL that a tenant typed in, and refuses one that is not on the public internet unless the
   * operator allows it: connect to one of the given addresses only. `rejected` or `unavailable` otherwise.
   */
  readonly guardTenantHost: GuardTenantHost
  /** Which signed requests were seen, of all accounts. */
  readonly nonces: Nonces
  /** The same tools for an account whose carrier is at this URL, whatever is set: that of a simulated configuration. */
  readonly at: (url: string) => Tools
}

/** The tools of every account of a real carrier. */
export class CarrierToolkit extends Context.Service<CarrierToolkit, Tools>()("switchboard/CarrierToolkit") {
  static readonly layer: Layer.Layer<CarrierToolkit, never, Settings | HttpClient.HttpClient> = Layer.effect(
    CarrierToolkit,
    Effect.gen(function* () {
      const { carrierUrl } = yield* Settings
      const hostsOf = yield* tenantHosts
      const restClient = yield* makeRestClients
      const nonces = makeNonces()
      const tools = (urlOf: (provider: string) => string | undefined): Tools => {
        const hosts = hostsOf(urlOf)
        return {
          baseUrl: (provider, standard) => (urlOf(provider) ?? standard).replace(/\/+$/, ""),
          restClient: (account) => restClient(hosts, account),
          guardTenantHost: hosts.guard,
          nonces,
          at: (url) => tools(() => url)
        }
      }
      return CarrierToolkit.of(tools(carrierUrl))
    })
  )
}
