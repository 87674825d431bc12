import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { FormField } from "../Form.ts"
import { Authorization, access } from "./Authorization.ts"

/** A carrier and the form for its configurations. */
export const ProviderMetadata = Schema.Struct({
  provider: Schema.String,
  display_name: Schema.String,
  connectivity: Schema.Literals(["api", "sip"]),
  docs_url: Schema.String,
  phone: Schema.Boolean.annotate({
    description: "Its configurations can be called from the console: see `phone-calls` of a configuration."
  }),
  fields: Schema.Array(FormField)
}).annotate({ identifier: "ProviderMetadata" })

/** The carriers that this service knows. */
export const ProvidersGroup = HttpApiGroup.make("telephonyProviders")
  .add(
    HttpApiEndpoint.get("metadata", "/organizations/telephony-providers/metadata", {
      success: Schema.Struct({ providers: Schema.Array(ProviderMetadata) })
    }).annotateMerge(
      access(
        "viewer",
        "List the carriers",
        "Each with the fields of its configurations, in the order of the form. `sensitive` fields are masked when read."
      )
    )
  )
  .middleware(Authorization)
  .annotateMerge(OpenApi.annotations({ title: "Providers", description: "The carriers that can be configured." }))
