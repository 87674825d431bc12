import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Authorization, access } from "./Authorization.ts"
import { Name, Time, Version } from "./common.ts"
import { Conflict, ValidationFailed } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

/** The largest number that a limit can be. */
const MOST = 1_000_000
/** `+` and the first digits of E.164 numbers. */
const Prefixes = Schema.Array(
  Schema.String.check(
    Schema.isPattern(/^\+[1-9]\d{0,14}$/, { expected: "+ and the first digits of a number, such as +44" })
  )
).check(Schema.isMaxLength(1000))
const Limit = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: MOST }))

/** The caller's organization and the limits that hold for its calls. */
export const Organization = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  default_country: Schema.NullOr(Schema.String).annotate({
    description: "ISO 3166-1 alpha-2: in which country national phone numbers are read."
  }),
  max_concurrent_calls: Schema.Int,
  calls_per_second: Schema.Int,
  allowed_prefixes: Schema.Array(Schema.String).annotate({ description: "When not empty, only these may be called." }),
  denied_prefixes: Schema.Array(Schema.String).annotate({ description: "These may not be called." }),
  premium_rate_allowed: Schema.Boolean,
  version: Schema.Int,
  created_at: Time,
  updated_at: Time
}).annotate({ identifier: "Organization" })

const changed = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** The organization of the API key. */
export const OrganizationGroup = HttpApiGroup.make("organization")
  .add(
    HttpApiEndpoint.get("get", "/", { success: Organization }).annotateMerge(
      access("viewer", "Read the organization of this API key")
    ),
    HttpApiEndpoint.patch("change", "/", {
      payload: Schema.Struct({
        version: Version,
        name: Schema.optionalKey(Name),
        default_country: changed(Schema.String),
        max_concurrent_calls: changed(Limit),
        calls_per_second: changed(Limit),
        allowed_prefixes: changed(Prefixes),
        denied_prefixes: changed(Prefixes),
        premium_rate_allowed: changed(Schema.Boolean)
      }),
      success: Organization,
      error: [ValidationFailed, Conflict]
    }).annotateMerge(
      access("admin", "Change the organization or its limits", "What is absent stays; null restores the default.")
    )
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/organizations/current")
  .annotateMerge(
    OpenApi.annotations({
      title: "Organization",
      description: "The tenant of the API key, and the limits of its calls."
    })
  )
