import { Effect, Redacted, Schema } from "effect"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { bearer } from "../../carrier/RestClient.ts"
import { resourceReader } from "../../carrier/restResource.ts"
import { provider, type TelnyxConfig } from "./config.ts"
import { explain } from "./errors.ts"
import {
  ActiveCall,
  Application,
  Balance,
  CallResource,
  Conference,
  Conferences,
  Dialled,
  OutboundVoiceProfile,
  PhoneNumber
} from "./resources.ts"

type Json = Readonly<Record<string, Schema.Json>>

const standardUrl = "https://api.telnyx.com/v2"

/** Items per page and pages of a list that are followed. The lists are filtered at Telnyx; a longer one is no match for us. */
const pageSize = 100
const maxPages = 10

/** The parts of Telnyx's REST API (version 2) that are used, for one account. */
export const makeRest = (toolkit: CarrierToolkit["Service"], config: TelnyxConfig) => {
  const client = toolkit.restClient({
    provider,
    baseUrl: toolkit.baseUrl(provider, standardUrl),
    accountKey: Redacted.value(config.apiKey),
    authorization: bearer(config.apiKey),
    explain
  })
  const request = resourceReader(provider, client)

  const get = <A>(schema: Schema.Codec<A, unknown>, operation: string, path: string, query: FormFields = []) =>
    request(Schema.Struct({ data: schema }), {
      operation,
      method: "GET",
      path,
      idempotent: true,
      ...(query.length > 0 ? { query } : {})
    }).pipe(Effect.map(({ data }) => data))

  const send = <A>(
    schema: Schema.Codec<A, unknown>,
    operation: string,
    method: "POST" | "PATCH",
    path: string,
    json: Json,
    idempotent = true
  ) =>
    request(Schema.Struct({ data: schema }), { operation, method, path, body: { json }, idempotent }).pipe(
      Effect.map(({ data }) => data)
    )

  /** The first item that `choose` takes, page by page. */
  const find = <A>(
    schema: Schema.Codec<A, unknown>,
    operation: string,
    path: string,
    query: FormFields,
    choose: (item: A) => boolean
  ) =>
    Effect.gen(function* () {
      const page = Schema.Struct({
        data: Schema.Array(schema),
        meta: Schema.optionalKey(Schema.Struct({ total_pages: Schema.optionalKey(Schema.Finite) }))
      })
      for (let number = 1; number <= maxPages; number++) {
        const { data, meta } = yield* request(page, {
          operation,
          method: "GET",
          path,
          query: [...query, ["page[number]", String(number)], ["page[size]", String(pageSize)]],
          idempotent: true
        })
        const chosen = data.find(choose)
        if (chosen !== undefined || number >= (meta?.total_pages ?? 1)) return chosen
      }
      return undefined
    })

  /** The answer says only that the command was accepted; what comes of it is told by webhooks. */
  const command = (operation: string, path: string, json: Json, idempotent = true) =>
    client.send({ operation, method: "POST", path, body: { json }, idempotent }).pipe(Effect.asVoid)

  return {
    /** Never sent twice: a second one is a second call, unless Telnyx still knows the command's id. */
    dial: (json: Json) => send(Dialled, "Calls.dial", "POST", "/calls", json, false),
    call: (callControlId: string) => get(CallResource, "Calls.get", `/calls/${encodeURIComponent(callControlId)}`),
    /** A command to a call. One without an id is not sent again. */
    act: (callControlId: string, action: string, json: Json) =>
      command(
        `Calls.${action}`,
        `/calls/${encodeURIComponent(callControlId)}/actions/${action}`,
        json,
        "command_id" in json
      ),
    activeCall: (connectionId: string, choose: (call: ActiveCall) => boolean) =>
      find(
        ActiveCall,
        "Connections.activeCalls",
        `/connections/${encodeURIComponent(connectionId)}/active_calls`,
        [],
        choose
      ),
    createConference: (json: Json) => send(Conference, "Conferences.create", "POST", "/conferences", json),
    conferencesNamed: (name: string) =>
      Effect.map(
        request(Conferences, {
          operation: "Conferences.list",
          method: "GET",
          path: "/conferences",
          query: [["filter[name]", name]],
          idempotent: true
        }),
        ({ data }) => data.filter((conference) => conference.name === name)
      ),
    joinConference: (id: string, json: Json) =>
      command("Conferences.join", `/conferences/${encodeURIComponent(id)}/actions/join`, json),
    balance: get(Balance, "Balance.get", "/balance"),
    application: (id: string) =>
      get(Application, "Applications.get", `/call_control_applications/${encodeURIComponent(id)}`),
    /** The oldest of that name. Telnyx's filter also finds parts of names, so the result is compared here. */
    applicationNamed: (name: string) =>
      find(
        Application,
        "Applications.list",
        "/call_control_applications",
        [
          ["filter[application_name][contains]", name],
          ["sort", "created_at"]
        ],
        ({ application_name }) => application_name === name
      ),
    createApplication: (json: Json) =>
      send(Application, "Applications.create", "POST", "/call_control_applications", json, false),
    updateApplication: (id: string, json: Json) =>
      send(Application, "Applications.update", "PATCH", `/call_control_applications/${encodeURIComponent(id)}`, json),
    /** All profiles of the account, as far as one page goes: only whether there is exactly one matters. */
    outboundVoiceProfiles: get(
      Schema.Array(OutboundVoiceProfile),
      "OutboundVoiceProfiles.list",
      "/outbound_voice_profiles",
      [["page[size]", "2"]]
    ),
    /** Telnyx's filter also finds parts of numbers, so the result is compared here. */
    phoneNumber: (address: string) =>
      find(
        PhoneNumber,
        "PhoneNumbers.list",
        "/phone_numbers",
        [["filter[phone_number]", address]],
        ({ phone_number }) => phone_number === address
      ),
    bindNumber: (id: string, connectionId: string) =>
      send(PhoneNumber, "PhoneNumbers.update", "PATCH", `/phone_numbers/${encodeURIComponent(id)}`, {
        connection_id: connectionId
      })
  }
}
export type TelnyxRest = ReturnType<typeof makeRest>
