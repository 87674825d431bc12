import { Effect, Redacted, Schema } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { basic, type RestRequest } from "../../carrier/RestClient.ts"
import { resourceReader } from "../../carrier/restResource.ts"
import { provider, type PlivoConfig } from "./config.ts"
import { explain } from "./errors.ts"
import {
  Account,
  Application,
  ApplicationList,
  CallRecord,
  CallRecords,
  CreatedApplication,
  FiredCall,
  LiveCall,
  LiveCalls,
  PhoneNumber
} from "./resources.ts"

/** Pages of a list that are followed, of 20 items each: Plivo gives no more at once. */
const maxPages = 10
const pageSize = 20

/** The parts of Plivo's REST API (version 1) that are used, for one account. Every path ends with a slash. */
export const makeRest = (toolkit: CarrierToolkit["Service"], config: PlivoConfig) => {
  const authId = Redacted.value(config.authId)
  const client = toolkit.restClient({
    provider,
    baseUrl: toolkit.baseUrl(provider, "https://api.plivo.com"),
    accountKey: authId,
    authorization: basic(config.authId, config.authToken),
    explain
  })
  const read = resourceReader(provider, client)
  const accountPath = `/v1/Account/${encodeURIComponent(authId)}/`
  const at = (...parts: ReadonlyArray<string>) =>
    accountPath + parts.map((part) => `${encodeURIComponent(part)}/`).join("")

  const get = <A>(schema: Schema.Codec<A, unknown>, operation: string, path: string, query?: FormFields) =>
    read(schema, { operation, method: "GET", path, idempotent: true, ...(query === undefined ? {} : { query }) })

  /** A request whose answer says nothing that matters. A deletion is answered 204, without a body. */
  const tell = (operation: string, request: Omit<RestRequest, "operation">) =>
    Effect.asVoid(client.send({ operation, ...request }))

  /** Whether the thing was there. */
  const remove = (operation: string, path: string) =>
    tell(operation, { method: "DELETE", path, idempotent: true }).pipe(
      Effect.as(true),
      Effect.catchIf(isMissing, () => Effect.succeed(false))
    )

  /** The first application that `choose` takes, page by page. */
  const findApplication = Effect.fnUntraced(function* (name: string) {
    for (let page = 0; page < maxPages; page++) {
      const { objects } = yield* get(ApplicationList, "Application.list", at("Application"), [
        ["app_name", name],
        ["limit", String(pageSize)],
        ["offset", String(page * pageSize)]
      ])
      // Plivo's filter goes by prefix.
      const found = objects.find((application) => application.app_name === name)
      if (found !== undefined || objects.length < pageSize) return found
    }
    return undefined
  })

  return {
    /** Never sent twice: a second one is a second call. */
    createCall: (json: Schema.Json) =>
      read(FiredCall, {
        operation: "Call.create",
        method: "POST",
        path: at("Call"),
        body: { json },
        idempotent: false
      }).pipe(
        Effect.flatMap(({ message, request_uuid, call_uuid, call_uuids }) => {
          const id = request_uuid ?? call_uuid ?? call_uuids?.[0]
          return id === undefined ? Effect.fail(withoutId) : Effect.succeed({ id, message: message ?? "call fired" })
        })
      ),
    liveCall: (id: string) => ifThere(get(LiveCall, "Call.live", at("Call", id), [["status", "live"]])),
    queuedCall: (id: string) => ifThere(get(LiveCall, "Call.queued", at("Call", id), [["status", "queued"]])),
    /** The record of a call that is over; it comes a minute or two after the end. */
    callRecord: (id: string) => ifThere(get(CallRecord, "Call.get", at("Call", id))),
    liveCalls: Effect.map(get(LiveCalls, "Call.live", at("Call"), [["status", "live"]]), ({ calls }) => calls),
    /** The newest 20 records between two numbers. */
    recordsBetween: (from: string, to: string) =>
      Effect.map(
        get(CallRecords, "Call.list", at("Call"), [
          ["from_number", from],
          ["to_number", to],
          ["call_direction", "outbound"],
          ["limit", String(pageSize)],
          ["offset", "0"]
        ]),
        ({ objects }) => objects
      ),
    /** Ends a call that is up or rings. Whether there was one. */
    endCall: (id: string) => remove("Call.hangup", at("Call", id)),
    /** Takes back a call that still waits in the queue. Whether there was one. */
    cancelRequest: (requestId: string) => remove("Request.cancel", at("Request", requestId)),
    /** Plivo leaves what the caller's leg does, fetches the URL and goes on with what it answers. */
    redirectCall: (id: string, url: string) =>
      tell("Call.transfer", {
        method: "POST",
        path: at("Call", id),
        body: { json: { legs: "aleg", aleg_url: url, aleg_method: "POST" } },
        idempotent: true
      }),
    sendDigits: (id: string, digits: string) =>
      tell("Call.dtmf", {
        method: "POST",
        path: at("Call", id, "DTMF"),
        body: { json: { digits, leg: "aleg" } },
        idempotent: false
      }),
    number: (digits: string) => ifThere(get(PhoneNumber, "Number.get", at("Number", digits))),
    /** `applicationId` null: links the number to none. */
    linkNumber: (digits: string, applicationId: string | null) =>
      tell("Number.update", {
        method: "POST",
        path: at("Number", digits),
        body: { json: { app_id: applicationId } },
        idempotent: true
      }),
    application: (id: string) => ifThere(get(Application, "Application.get", at("Application", id))),
    findApplication,
    createApplication: (json: Schema.Json) =>
      read(CreatedApplication, {
        operation: "Application.create",
        method: "POST",
        path: at("Application"),
        body: { json },
        idempotent: false
      }),
    updateApplication: (id: string, json: Schema.Json) =>
      tell("Application.update", { method: "POST", path: at("Application", id), body: { json }, idempotent: true }),
    account: get(Account, "Account.get", accountPath)
  }
}
export type PlivoRest = ReturnType<typeof makeRest>

const isMissing = ({ kind }: CarrierError) => kind === "not-found"

const ifThere = <A>(resource: Effect.Effect<A, CarrierError>): Effect.Effect<A | undefined, CarrierError> =>
  Effect.catchIf(resource, isMissing, () => Effect.undefined)

const withoutId = new CarrierError({
  provider,
  kind: "unknown-outcome",
  message: "Call.create: Plivo took the call on without giving its id. Ask for its state before trying again."
})
