import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, access } from "./Authorization.ts"
import { Id, NextCursor, orElse, pageQuery, Time, Version } from "./common.ts"
import { Conflict, NotFound, ValidationFailed } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

export const AddressType = Schema.Literals(["pstn", "sip_uri", "sip_extension"])

/** How far the carrier's webhook for the number is what we want. */
const SyncState = Schema.Struct({
  desired: Schema.NullOr(Schema.String).annotate({
    description: "The webhook that the number should have; null: none."
  }),
  observed: Schema.NullOr(Schema.String).annotate({
    description: "What was last set there; null: nothing of ours; `unknown`: the outcome of a change never arrived."
  }),
  in_sync: Schema.Boolean,
  last_error: Schema.NullOr(Schema.String),
  attempts: Schema.Int
})

/** How the carrier took a write. `ok: false` is a warning: the write is kept, and `/sync` tries again. */
export const ProviderSync = Schema.Struct({ ok: Schema.Boolean, message: Schema.String }).annotate({
  identifier: "ProviderSync"
})

/** What an answer says of every phone number. */
export const number = {
  id: Schema.String,
  telephony_configuration_id: Schema.String,
  address: Schema.String.annotate({ description: "As it was sent." }),
  address_normalized: Schema.String.annotate({ description: "The canonical form: E.164, SIP URI or extension." }),
  address_type: AddressType,
  country_code: Schema.NullOr(Schema.String),
  label: Schema.NullOr(Schema.String),
  agent_id: Schema.NullOr(Schema.String),
  is_active: Schema.Boolean,
  is_default_caller_id: Schema.Boolean,
  sync_state: SyncState,
  version: Schema.Int,
  created_at: Time,
  updated_at: Time
}

/** A phone number of a configuration. */
export const PhoneNumber = Schema.Struct(number).annotate({ identifier: "PhoneNumber" })
/** A phone number after a write. */
export const WrittenPhoneNumber = Schema.Struct({ ...number, provider_sync: ProviderSync }).annotate({
  identifier: "WrittenPhoneNumber"
})

export const Address = Schema.String.check(Schema.isBetweenCodePoints(1, 255))
/** ISO 3166-1 alpha-2. */
export const CountryCode = Schema.String.check(Schema.isPattern(/^[A-Za-z]{2}$/))
const Label = Schema.String.check(Schema.isMaxCodePoints(64))
/** What may be left out, or be null to say that there is none. */
export const nullable = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const configuration = { id: Id }
const params = { id: Id, phone_number_id: Id }
const item = "/:phone_number_id"

/** The numbers, SIP URIs and extensions of a configuration. */
export const PhoneNumbersGroup = HttpApiGroup.make("phoneNumbers")
  .add(
    HttpApiEndpoint.get("list", "/", {
      params: configuration,
      query: pageQuery,
      success: Schema.Struct({ phone_numbers: Schema.Array(PhoneNumber), next_cursor: NextCursor }),
      error: NotFound
    }).annotateMerge(access("viewer", "List phone numbers", "In order of creation.")),
    HttpApiEndpoint.post("create", "/", {
      params: configuration,
      payload: Schema.Struct({
        address: Address,
        address_type: nullable(AddressType),
        country_code: nullable(CountryCode),
        label: nullable(Label),
        agent_id: nullable(Schema.String),
        is_active: orElse(Schema.Boolean, true),
        is_default_caller_id: orElse(Schema.Boolean, false)
      }),
      success: WrittenPhoneNumber.pipe(HttpApiSchema.status(201)),
      error: [NotFound, ValidationFailed, Conflict]
    }).annotateMerge(
      access(
        "operator",
        "Add a phone number",
        "A number with `+` or `00` is international whatever `country_code` says; a national one is read in that country, else in the organization's default country. An extension has to be called one by `address_type`. The carrier is asked whether the account holds the number, and told where to send its calls when it has an agent."
      )
    ),
    HttpApiEndpoint.get("get", item, { params, success: PhoneNumber, error: NotFound }).annotateMerge(
      access("viewer", "Read a phone number")
    ),
    HttpApiEndpoint.put("replace", item, {
      params,
      payload: Schema.Struct({
        version: Version,
        address: Schema.optionalKey(Address),
        label: nullable(Label),
        agent_id: nullable(Schema.String),
        is_active: orElse(Schema.Boolean, true),
        is_default_caller_id: Schema.optionalKey(Schema.Boolean)
      }),
      success: WrittenPhoneNumber,
      error: [NotFound, ValidationFailed, Conflict]
    }).annotateMerge(
      access(
        "operator",
        "Replace a phone number",
        "Everything but the address. Giving it an agent points the carrier's webhook here; taking the agent away detaches it, if it still points here. An absent `is_default_caller_id` stays as it is."
      )
    ),
    HttpApiEndpoint.delete("remove", item, {
      params,
      success: Schema.Struct({ provider_sync: ProviderSync }),
      error: NotFound
    }).annotateMerge(
      access("operator", "Delete a phone number", "Its webhook at the carrier is detached first, if it points here.")
    ),
    HttpApiEndpoint.post("setDefaultCaller", `${item}/set-default-caller`, {
      params,
      success: PhoneNumber,
      error: [NotFound, ValidationFailed]
    }).annotateMerge(access("operator", "Make it the default caller id of its configuration")),
    HttpApiEndpoint.post("sync", `${item}/sync`, {
      params,
      success: WrittenPhoneNumber,
      error: NotFound
    }).annotateMerge(
      access("operator", "Tell the carrier again where calls go", "Retries what an earlier write could not set up.")
    )
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/organizations/telephony-configs/:id/phone-numbers")
  .annotateMerge(
    OpenApi.annotations({
      title: "Phone numbers",
      description: "The addresses that a configuration calls from and is called at, and which agent answers them."
    })
  )
