import { Effect, Redacted, Schema } from "effect"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { basic } from "../../carrier/RestClient.ts"
import { resourceReader } from "../../carrier/restResource.ts"
import { provider, type TwilioConfig } from "./config.ts"
import { explain } from "./errors.ts"

const OptionalText = Schema.optionalKey(Schema.NullOr(Schema.String))

/** A call (Twilio: Call resource), the fields that are read. Numbers and dates are strings; absent ones are null. */
export const CallResource = Schema.Struct({
  sid: Schema.NonEmptyString,
  status: Schema.String,
  duration: OptionalText,
  price: OptionalText,
  price_unit: OptionalText,
  answered_by: OptionalText,
  date_created: OptionalText
})
export type CallResource = typeof CallResource.Type

/** A number of the account (Twilio: IncomingPhoneNumber resource). */
export const IncomingNumber = Schema.Struct({
  sid: Schema.NonEmptyString,
  phone_number: Schema.String,
  capabilities: Schema.optionalKey(Schema.Struct({ voice: Schema.optionalKey(Schema.Boolean) })),
  voice_url: OptionalText,
  voice_application_sid: OptionalText,
  trunk_sid: OptionalText,
  status_callback: OptionalText
})
export type IncomingNumber = typeof IncomingNumber.Type

const CallList = Schema.Struct({ calls: Schema.Array(CallResource), next_page_uri: OptionalText })
const IncomingNumbers = Schema.Struct({
  incoming_phone_numbers: Schema.Array(IncomingNumber),
  next_page_uri: OptionalText
})
const CallerIds = Schema.Struct({
  outgoing_caller_ids: Schema.Array(Schema.Struct({ phone_number: Schema.String })),
  next_page_uri: OptionalText
})
const Account = Schema.Struct({
  status: Schema.String,
  type: OptionalText,
  friendly_name: OptionalText,
  sid: Schema.String,
  owner_account_sid: OptionalText
})

/** Pages of a list that are followed. The lists are filtered at Twilio; a longer one is no match for us. */
const maxPages = 10

/** The parts of Twilio's REST API (version 2010-04-01) that are used, for one account. */
export const makeRest = (toolkit: CarrierToolkit["Service"], config: TwilioConfig) => {
  const client = toolkit.restClient({
    provider,
    baseUrl: toolkit.baseUrl(provider, config.apiUrl),
    accountKey: Redacted.value(config.accountSid),
    authorization: basic(config.accountSid, config.authToken),
    explain
  })
  const accountPath = `/2010-04-01/Accounts/${Redacted.value(config.accountSid)}`

  const request = resourceReader(provider, client)

  const get = <A>(schema: Schema.Codec<A, unknown>, operation: string, path: string, query: FormFields = []) =>
    request(schema, { operation, method: "GET", path, idempotent: true, ...(query.length > 0 ? { query } : {}) })

  const post = <A>(schema: Schema.Codec<A, unknown>, operation: string, path: string, form: FormFields) =>
    request(schema, { operation, method: "POST", path: accountPath + path, body: { form }, idempotent: true })

  /** The first item that `choose` takes, page by page. */
  const find = <Page extends { readonly next_page_uri?: string | null }, A>(
    schema: Schema.Codec<Page, unknown>,
    operation: string,
    path: string,
    query: FormFields,
    choose: (page: Page) => A | undefined
  ) =>
    Effect.gen(function* () {
      let page = yield* get(schema, operation, accountPath + path, query)
      for (let pages = 1; ; pages++) {
        const chosen = choose(page)
        const next = page.next_page_uri ?? ""
        if (chosen !== undefined || !next.startsWith(`${accountPath}/`) || pages >= maxPages) return chosen
        page = yield* get(schema, operation, next)
      }
    })

  return {
    /** Never sent twice: a second one is a second call. */
    createCall: (form: FormFields) =>
      request(CallResource, {
        operation: "Calls.create",
        method: "POST",
        path: `${accountPath}/Calls.json`,
        body: { form },
        idempotent: false
      }),
    call: (sid: string) => get(CallResource, "Calls.get", `${accountPath}/Calls/${encodeURIComponent(sid)}.json`),
    /** The newest 50 calls between two addresses. */
    callsBetween: (from: string, to: string) =>
      Effect.map(
        get(CallList, "Calls.list", `${accountPath}/Calls.json`, [
          ["To", to],
          ["From", from],
          ["PageSize", "50"]
        ]),
        ({ calls }) => calls
      ),
    endCall: (sid: string) =>
      post(CallResource, "Calls.end", `/Calls/${encodeURIComponent(sid)}.json`, [["Status", "completed"]]),
    /** The call leaves what it is doing and does this instead. */
    redirectCall: (sid: string, twiml: string) =>
      post(CallResource, "Calls.redirect", `/Calls/${encodeURIComponent(sid)}.json`, [["Twiml", twiml]]),
    /** Twilio's filter also finds parts of numbers, so the result is compared here. */
    incomingNumber: (address: string) =>
      find(
        IncomingNumbers,
        "IncomingPhoneNumbers.list",
        "/IncomingPhoneNumbers.json",
        [["PhoneNumber", address]],
        (page) => page.incoming_phone_numbers.find((number) => number.phone_number === address)
      ),
    incomingNumberBySid: (sid: string) =>
      get(
        IncomingNumber,
        "IncomingPhoneNumbers.get",
        `${accountPath}/IncomingPhoneNumbers/${encodeURIComponent(sid)}.json`
      ),
    updateNumber: (sid: string, form: FormFields) =>
      post(
        IncomingNumber,
        "IncomingPhoneNumbers.update",
        `/IncomingPhoneNumbers/${encodeURIComponent(sid)}.json`,
        form
      ),
    isVerifiedCallerId: (address: string) =>
      Effect.map(
        find(CallerIds, "OutgoingCallerIds.list", "/OutgoingCallerIds.json", [["PhoneNumber", address]], (page) =>
          page.outgoing_caller_ids.find((number) => number.phone_number === address)
        ),
        (found) => found !== undefined
      ),
    /** The answer holds the auth token: only the fields of `Account` are ever kept. */
    account: get(Account, "Accounts.get", `${accountPath}.json`)
  }
}
export type TwilioRest = ReturnType<typeof makeRest>
