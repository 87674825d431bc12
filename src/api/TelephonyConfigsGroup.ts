import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Check } from "../telephony/doctor/Check.ts"
import { FailureDetails } from "../telephony/signatures/FailureDetails.ts"
import { Authorization, access } from "./Authorization.ts"
import { Id, Name, NextCursor, orElse, pageQuery, Time, Version } from "./common.ts"
import { Conflict, NotFound, ValidationFailed } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"
import { ConfigPatchRequest, ConfigRequest, MaskedConfig } from "./telephonyConfigSchemas.ts"

const summary = {
  id: Schema.String,
  name: Schema.String,
  provider: Schema.String,
  is_default_outbound: Schema.Boolean,
  simulated: Schema.Boolean.annotate({
    description: "It belongs to the simulator: its carrier is a fake one. Never the default for outbound calls."
  }),
  inactive_since: Schema.NullOr(Time),
  inactive_reason: Schema.NullOr(Schema.String),
  version: Schema.Int,
  created_at: Time,
  updated_at: Time
}

/** A configuration in a list. */
export const ConfigurationSummary = Schema.Struct(summary).annotate({ identifier: "ConfigurationSummary" })

const SetupStep = Schema.Struct({ step: Schema.String, done: Schema.Boolean, field: Schema.optionalKey(Schema.String) })

/** A configuration with its masked credentials and what is still missing before it can dial. */
export const Configuration = Schema.Struct({
  ...summary,
  credentials: MaskedConfig,
  setup_checklist: Schema.Array(SetupStep)
}).annotate({ identifier: "Configuration" })

/** What the carrier said to the credentials. */
export const ConnectionReport = Schema.Struct({
  ok: Schema.Boolean,
  message: Schema.String,
  warnings: Schema.Array(Schema.String)
}).annotate({ identifier: "ConnectionReport" })

/** A request whose signature was refused: what came, without anything secret, and what seems wrong. */
const SignatureFailureReport = Schema.Struct({
  id: Schema.String,
  occurred_at: Time,
  configuration_id: Schema.NullOr(Schema.String).annotate({
    description: "Null where the request could not be laid at any configuration's door."
  }),
  ...FailureDetails.fields
}).annotate({ identifier: "SignatureFailure" })

/** Why calls of a configuration may fail. */
export const DoctorReport = Schema.Struct({
  checks: Schema.Array(Check),
  signature_failures: Schema.Array(SignatureFailureReport)
}).annotate({ identifier: "DoctorReport" })

/** What a page needs to begin a call to an agent. */
export const PhoneCall = Schema.Struct({
  inbound_url: Schema.String.annotate({ description: "Where the page posts `body`." }),
  body: Schema.String.annotate({
    description: "A signed pass, text. Good for 60 s and for one call; posted again, it finds the same call."
  })
}).annotate({ identifier: "PhoneCall" })

const params = { id: Id }
const masking =
  "Secrets are answered masked: `********`, with their last four characters when they have 12 or more. Sent back unchanged, a mask keeps the stored secret; any other value that begins with `********` is refused."

/** Carrier accounts of the organization. */
export const TelephonyConfigsGroup = HttpApiGroup.make("telephonyConfigs")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: pageQuery,
      success: Schema.Struct({ configurations: Schema.Array(ConfigurationSummary), next_cursor: NextCursor })
    }).annotateMerge(access("viewer", "List configurations", "In order of creation, without credentials.")),
    HttpApiEndpoint.post("create", "/", {
      payload: Schema.Struct({
        name: Name,
        is_default_outbound: orElse(Schema.Boolean, false),
        config: ConfigRequest
      }),
      success: Configuration.pipe(HttpApiSchema.status(201)),
      error: [ValidationFailed, Conflict]
    }).annotateMerge(
      access(
        "admin",
        "Create a configuration",
        "`config` has the fields that the provider's metadata lists. Nothing is asked of the carrier: see test-connection."
      )
    ),
    HttpApiEndpoint.get("get", "/:id", { params, success: Configuration, error: NotFound }).annotateMerge(
      access("viewer", "Read a configuration", masking)
    ),
    HttpApiEndpoint.put("replace", "/:id", {
      params,
      payload: Schema.Struct({
        version: Version,
        name: Name,
        is_default_outbound: Schema.optionalKey(Schema.Boolean),
        config: ConfigRequest
      }),
      success: Configuration,
      error: [NotFound, ValidationFailed, Conflict]
    }).annotateMerge(
      access(
        "admin",
        "Replace a configuration",
        `Credentials that are absent or null are cleared, or take their default. The provider cannot change. ${masking} When the account changes, its numbers go along and have to be synced again.`
      )
    ),
    HttpApiEndpoint.patch("change", "/:id", {
      params,
      payload: Schema.Struct({
        version: Version,
        name: Schema.optionalKey(Name),
        is_default_outbound: Schema.optionalKey(Schema.Boolean),
        config: Schema.optionalKey(ConfigPatchRequest)
      }),
      success: Configuration,
      error: [NotFound, ValidationFailed, Conflict]
    }).annotateMerge(
      access("admin", "Change a configuration", `What is absent stays; null clears a credential. ${masking}`)
    ),
    HttpApiEndpoint.delete("remove", "/:id", {
      params,
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(
      access(
        "admin",
        "Delete a configuration",
        "It is gone at once. In the background its numbers are detached at the carrier, where they point here, and then its credentials are erased."
      )
    ),
    HttpApiEndpoint.post("setDefaultOutbound", "/:id/set-default-outbound", {
      params,
      success: Configuration,
      error: [NotFound, ValidationFailed]
    }).annotateMerge(
      access("admin", "Make it the default for outbound calls", "The one that was the default before no longer is.")
    ),
    HttpApiEndpoint.post("reactivate", "/:id/reactivate", {
      params,
      success: Configuration,
      error: NotFound
    }).annotateMerge(access("admin", "Reactivate an inactive configuration")),
    HttpApiEndpoint.post("testConnection", "/:id/test-connection", {
      params,
      success: ConnectionReport,
      error: NotFound
    }).annotateMerge(
      access(
        "operator",
        "Ask the carrier whether the credentials work",
        "Answers 200 with `ok: false` and what to do when they do not."
      )
    ),
    HttpApiEndpoint.post("phoneCall", "/:id/phone-calls", {
      params,
      payload: Schema.Struct({ agent_id: Id }),
      success: PhoneCall.pipe(HttpApiSchema.status(201)),
      error: [NotFound, Conflict, ValidationFailed]
    }).annotateMerge(
      access(
        "operator",
        "Call an agent from a page",
        'For configurations of a provider with `phone`. The page posts `body` to `inbound_url` and is answered `{"media_url", "call_id"}`, or `{"refused", "message"}` where nobody takes the call. 409 `no_phone` for another provider, `configuration_inactive` while it is inactive.'
      )
    ),
    HttpApiEndpoint.post("doctor", "/:id/doctor", {
      params,
      success: DoctorReport,
      error: NotFound
    }).annotateMerge(
      access(
        "operator",
        "Find out why calls of a configuration fail",
        "Asks the carrier about the credentials and the numbers, and looks at the webhooks, the agents, PUBLIC_URL, and the requests whose signature was refused in the last 24 hours. Changes nothing. Takes up to half a minute."
      )
    )
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/organizations/telephony-configs")
  .annotateMerge(
    OpenApi.annotations({
      title: "Telephony configurations",
      description: "Carrier accounts: one configuration is one account of one provider, with its credentials."
    })
  )
