import { Effect, Redacted, Schema } from "effect"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { basic } from "../../carrier/RestClient.ts"
import { resourceReader } from "../../carrier/restResource.ts"
import { provider, type VonageConfig } from "./config.ts"
import { explain } from "./errors.ts"
import { accountUrl, apiUrl } from "./regions.ts"
import { makeAuthorization } from "./token.ts"

const OptionalText = Schema.optionalKey(Schema.NullOr(Schema.String))
/** Vonage writes figures as strings; numbers are read as well. */
const OptionalFigure = Schema.optionalKey(Schema.NullOr(Schema.Union([Schema.String, Schema.Finite])))
const Endpoint = Schema.optionalKey(
  Schema.NullOr(Schema.Struct({ type: OptionalText, number: OptionalText, uri: OptionalText }))
)

/** A leg (Vonage: Voice API, call resource), the fields that are read. Price and length are absent until it is over. */
export const Leg = Schema.Struct({
  uuid: Schema.NonEmptyString,
  status: Schema.String,
  direction: OptionalText,
  conversation_uuid: OptionalText,
  to: Endpoint,
  from: Endpoint,
  detail: OptionalText,
  price: OptionalFigure,
  duration: OptionalFigure,
  start_time: OptionalText
})
export type Leg = typeof Leg.Type

const CreatedCall = Schema.Struct({
  uuid: Schema.NonEmptyString,
  status: Schema.optionalKey(Schema.String),
  conversation_uuid: OptionalText
})

const LegList = Schema.Struct({
  _embedded: Schema.optionalKey(Schema.Struct({ calls: Schema.optionalKey(Schema.Array(Leg)) }))
})

/** A number of the account (Vonage: Numbers API). */
const OwnedNumber = Schema.Struct({
  country: Schema.String,
  msisdn: Schema.String,
  features: Schema.optionalKey(Schema.Array(Schema.String)),
  app_id: OptionalText
})
export type OwnedNumber = typeof OwnedNumber.Type

/** No match gives an object without the list. */
const OwnedNumbers = Schema.Struct({ numbers: Schema.optionalKey(Schema.Array(OwnedNumber)) })
const NumberUpdate = Schema.Struct({ "error-code": Schema.String })
const Balance = Schema.Struct({ value: Schema.Finite })
/** Read whole, because it is written back whole: Vonage drops what an update leaves out. */
const Application = Schema.Record(Schema.String, Schema.Json)
export type Application = typeof Application.Type

const legPath = (uuid: string) => `/v1/calls/${encodeURIComponent(uuid)}`

/** The parts of Vonage's REST APIs that are used, for one application. */
export const makeRest = Effect.fnUntraced(function* (toolkit: CarrierToolkit["Service"], config: VonageConfig) {
  const accountKey = Redacted.value(config.apiKey)
  const tokens = yield* makeAuthorization(config)

  const accountClient = (standard: string) =>
    toolkit.restClient({
      provider,
      baseUrl: toolkit.baseUrl(provider, standard),
      accountKey,
      authorization: basic(config.apiKey, config.apiSecret),
      explain: explain("account")
    })
  const applications = resourceReader(provider, accountClient(apiUrl))
  const account = resourceReader(provider, accountClient(accountUrl))
  const applicationPath = `/v2/applications/${encodeURIComponent(Redacted.value(config.applicationId))}`

  /** The Voice API of one region. */
  const voice = (baseUrl: string) => {
    const client = toolkit.restClient({
      provider,
      baseUrl,
      accountKey,
      authorization: tokens,
      explain: explain("application")
    })
    const request = resourceReader(provider, client)
    return {
      /** Never sent twice: a second one is a second call. */
      createCall: (json: Schema.Json) =>
        request(CreatedCall, {
          operation: "Calls.create",
          method: "POST",
          path: "/v1/calls",
          body: { json },
          idempotent: false
        }),
      leg: (uuid: string) =>
        request(Leg, { operation: "Calls.get", method: "GET", path: legPath(uuid), idempotent: true }),
      /** One page of legs. */
      legs: (query: FormFields) =>
        Effect.map(
          request(LegList, { operation: "Calls.list", method: "GET", path: "/v1/calls", query, idempotent: true }),
          ({ _embedded }) => _embedded?.calls ?? []
        ),
      /** Hangs up or transfers: to do either twice is the same as once. Answered with nothing. */
      modify: (uuid: string, json: Schema.Json) =>
        Effect.asVoid(
          client.send({
            operation: "Calls.modify",
            method: "PUT",
            path: legPath(uuid),
            body: { json },
            idempotent: true
          })
        ),
      sendDigits: (uuid: string, digits: string) =>
        Effect.asVoid(
          client.send({
            operation: "Calls.dtmf",
            method: "PUT",
            path: `${legPath(uuid)}/dtmf`,
            body: { json: { digits } },
            idempotent: false
          })
        )
    }
  }

  return {
    voice,
    /** The base URL of a region's Voice API; the setting of a carrier URL wins over every region. */
    voiceBase: (regional: string) => toolkit.baseUrl(provider, regional),
    application: applications(Application, {
      operation: "Applications.get",
      method: "GET",
      path: applicationPath,
      idempotent: true
    }),
    updateApplication: (json: Schema.Json) =>
      applications(Application, {
        operation: "Applications.update",
        method: "PUT",
        path: applicationPath,
        body: { json },
        idempotent: true
      }),
    /** The search finds longer numbers too, so the result is compared here. */
    ownedNumber: (msisdn: string) =>
      Effect.map(
        account(OwnedNumbers, {
          operation: "Numbers.list",
          method: "GET",
          path: "/account/numbers",
          query: [
            ["pattern", msisdn],
            ["search_pattern", "0"],
            ["size", "100"]
          ],
          idempotent: true
        }),
        ({ numbers = [] }) => numbers.find((number) => number.msisdn === msisdn)
      ),
    /** Links a number to this application. False when Vonage did not take it. */
    linkNumber: ({ country, msisdn }: OwnedNumber) =>
      Effect.map(
        account(NumberUpdate, {
          operation: "Numbers.update",
          method: "POST",
          path: "/number/update",
          body: {
            form: [
              ["country", country],
              ["msisdn", msisdn],
              ["app_id", Redacted.value(config.applicationId)]
            ]
          },
          idempotent: true
        }),
        (answer) => answer["error-code"] === "200"
      ),
    balance: Effect.map(
      account(Balance, { operation: "Balance.get", method: "GET", path: "/account/get-balance", idempotent: true }),
      ({ value }) => value
    )
  }
})
export type VonageRest = Effect.Success<ReturnType<typeof makeRest>>
export type VoiceApi = ReturnType<VonageRest["voice"]>
