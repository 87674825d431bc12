import { Context } from "effect"

/** What every provider may use to talk to its carrier. */
export class CarrierToolkit extends Context.Service<
  CarrierToolkit,
  {
    /**
     * The base URL of a provider's REST API: `SWITCHBOARD_CARRIER_URL_<NAME>` when set, else `standard`. No trailing slash.
     */
    readonly baseUrl: (provider: string, standard: string) => string
  }
>()("switchboard/CarrierToolkit") {}
