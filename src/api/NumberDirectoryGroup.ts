import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Authorization, access } from "./Authorization.ts"
import { NextCursor, pageQuery } from "./common.ts"
import { Address, AddressType, CountryCode, nullable, number } from "./PhoneNumbersGroup.ts"
import { JsonBody } from "./Requests.ts"

/** A phone number in a list over all configurations. */
export const ListedPhoneNumber = Schema.Struct({
  ...number,
  configuration_name: Schema.String,
  provider: Schema.String
}).annotate({ identifier: "ListedPhoneNumber" })

/** How an address would be stored, or why it cannot be. */
export const AddressPreview = Schema.Union([
  Schema.Struct({
    ok: Schema.Literal(true),
    address_normalized: Schema.String,
    address_type: AddressType,
    country_code: Schema.NullOr(Schema.String)
  }),
  Schema.Struct({ ok: Schema.Literal(false), message: Schema.String })
]).annotate({ identifier: "AddressPreview" })

/** A country in whose notation a national number can be read. */
const Country = Schema.Struct({
  code: Schema.String.annotate({ description: "ISO 3166-1 alpha-2." }),
  calling_code: Schema.String.annotate({ description: "What follows the plus, such as 44." })
})

/** The phone numbers of all configurations together. */
export const NumberDirectoryGroup = HttpApiGroup.make("numberDirectory")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        ...pageQuery,
        agent_id: Schema.optionalKey(Schema.String).annotate({
          description: "Only the numbers that this agent answers."
        }),
        search: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(100))).annotate({
          description: "Only numbers whose address, label or configuration has this text in it, in any case."
        })
      },
      success: Schema.Struct({ phone_numbers: Schema.Array(ListedPhoneNumber), next_cursor: NextCursor })
    }).annotateMerge(access("viewer", "List the phone numbers of all configurations", "In order of creation.")),
    HttpApiEndpoint.post("preview", "/preview", {
      payload: Schema.Struct({
        address: Address,
        address_type: nullable(AddressType),
        country_code: nullable(CountryCode)
      }),
      success: AddressPreview
    }).annotateMerge(
      access(
        "viewer",
        "See how an address would be stored",
        "Reads it as adding a phone number does, and stores nothing. An address that cannot be used is answered with `ok: false`."
      )
    ),
    HttpApiEndpoint.get("countries", "/countries", {
      success: Schema.Struct({
        default_country: Schema.NullOr(Schema.String).annotate({
          description: "In which country national numbers are read when a request does not say."
        }),
        countries: Schema.Array(Country)
      })
    }).annotateMerge(access("viewer", "List the countries of phone numbers", "In the order of their codes."))
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/organizations/phone-numbers")
  .annotateMerge(
    OpenApi.annotations({
      title: "All phone numbers",
      description: "Phone numbers whatever their configuration, and how an address is read before it is one."
    })
  )
