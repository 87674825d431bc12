import { Schema, Struct, Tuple } from "effect"
import * as providers from "./providers/index.ts"

// Line 2 of 2 of a provider, one physical line each.
// prettier-ignore
const specs = [
  providers.twilio.spec,
  providers.vobiz.spec,
  providers.telnyx.spec,
  providers.vonage.spec,
  providers.ari.spec,
  providers.plivo.spec,
  providers.cloudonix.spec,
  providers.browser.spec,
] as const

interface UnionRequest extends Struct.Lambda {
  <S extends { readonly unionRequest: unknown }>(spec: S): S["unionRequest"]
  readonly "~lambda.out": this["~lambda.in"] extends { readonly unionRequest: infer R extends Schema.Constraint }
    ? R
    : never
}

interface ConfigResponse extends Struct.Lambda {
  <S extends { readonly configResponse: unknown }>(spec: S): S["configResponse"]
  readonly "~lambda.out": this["~lambda.in"] extends { readonly configResponse: infer R extends Schema.Constraint }
    ? R
    : never
}

/** Every provider's save request, discriminated on `provider`. */
export const TelephonyConfigRequest = Schema.Union(
  Tuple.map(
    specs,
    Struct.lambda<UnionRequest>((spec) => spec.unionRequest)
  )
)

/** Every provider's masked response, discriminated on `provider`. */
export const TelephonyConfigResponse = Schema.Union(
  Tuple.map(
    specs,
    Struct.lambda<ConfigResponse>((spec) => spec.configResponse)
  )
)
