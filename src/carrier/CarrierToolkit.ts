import { Context, Effect, Layer } from "effect"
import type { HttpClient } from "effect/http"
import { Settings } from "../Settings.ts"
import { makeNonces, type Nonces } from "./nonces.ts"
import type { RestAccount, RestClient } from "./RestClient.ts"
import { makeRestClients } from "./restClients.ts"

/** What every provider may use to talk to its carrier. */
export class CarrierToolkit extends Context.Service<
  CarrierToolkit,
  {
    /**
     * The base URL of a provider's REST API: `SWITCHBOARD_CARRIER_URL_<NAME>` when set, else `standard`. No trailing slash.
     */
    readonly baseUrl: (provider: string, standard: string) => string
    /** A REST client for one account. Cheap; clients of the same account share one limit of concurrent requests. */
    readonly restClient: (account: RestAccount) => RestClient
    /** Which signed requests were seen, of all accounts. */
    readonly nonces: Nonces
  }
>()("switchboard/CarrierToolkit") {
  static readonly layer: Layer.Layer<CarrierToolkit, never, Settings | HttpClient.HttpClient> = Layer.effect(
    CarrierToolkit,
    Effect.gen(function* () {
      const { carrierUrl } = yield* Settings
      const restClient = yield* makeRestClients
      const baseUrl = (provider: string, standard: string) => (carrierUrl(provider) ?? standard).replace(/\/+$/, "")
      return CarrierToolkit.of({ baseUrl, restClient, nonces: makeNonces() })
    })
  )
}
