import { Effect, Redacted, Schema } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { resourceReader } from "../../carrier/restResource.ts"
import { provider, type VobizConfig } from "./config.ts"
import { explain } from "./errors.ts"
import {
  type AccountNumber,
  Application,
  ApplicationPage,
  CallRecord,
  CreatedApplication,
  LiveCall,
  NumberPage,
  PlacedCallAnswer
} from "./resources.ts"

/** Entries of one page, and pages of a list that are followed. */
const perPage = 100
const maxPages = 20

/** What is not there is undefined; everything else stays an error. */
export const ifThere = <A>(effect: Effect.Effect<A, CarrierError>): Effect.Effect<A | undefined, CarrierError> =>
  Effect.catchIf(
    effect,
    ({ kind }) => kind === "not-found",
    () => Effect.undefined
  )

const withoutId = new CarrierError({
  provider,
  kind: "unknown-outcome",
  message: "Calls.create: Vobiz took the call on without telling its id. Its callbacks will tell, if it was placed."
})

/**
 * The parts of Vobiz's REST API that are used, for one account. Capitals and slashes at the end of a path are as Vobiz has them:
 * a wrong one is answered with 401.
 */
export const makeRest = (toolkit: CarrierToolkit["Service"], config: VobizConfig) => {
  const client = toolkit.restClient({
    provider,
    baseUrl: toolkit.baseUrl(provider, "https://api.vobiz.ai/api/v1"),
    accountKey: Redacted.value(config.authId),
    credentialHeaders: { "x-auth-id": config.authId, "x-auth-token": config.authToken },
    explain
  })
  const request = resourceReader(provider, client)
  const account = `/Account/${encodeURIComponent(Redacted.value(config.authId))}`
  const callPath = (id: string) => `${account}/Call/${encodeURIComponent(id)}/`
  const applicationPath = (id: string) => `${account}/Application/${encodeURIComponent(id)}/`
  const attachmentPath = (address: string) => `${account}/numbers/${encodeURIComponent(address)}/application`

  const get = <A>(schema: Schema.Codec<A, unknown>, operation: string, path: string, query: FormFields = []) =>
    request(schema, { operation, method: "GET", path, idempotent: true, query })

  const post = (operation: string, path: string, json: Schema.Json, idempotent: boolean) =>
    Effect.asVoid(client.send({ operation, method: "POST", path, body: { json }, idempotent }))

  const remove = (operation: string, path: string) =>
    Effect.asVoid(ifThere(client.send({ operation, method: "DELETE", path, idempotent: true })))

  const numbers = (page: number, size: number, search: FormFields = []) =>
    get(NumberPage, "Numbers.list", `${account}/numbers`, [
      ["page", String(page)],
      ["per_page", String(size)],
      ...search
    ])

  return {
    /** Never sent twice: there is no key that would make a second one the same call. Gives the call's id. */
    createCall: (call: Readonly<Record<string, Schema.Json>>) =>
      request(PlacedCallAnswer, {
        operation: "Calls.create",
        method: "POST",
        path: `${account}/Call/`,
        body: { json: call },
        idempotent: false
      }).pipe(
        Effect.map(
          (answer) =>
            [answer.call_uuid, answer.CallUUID, answer.request_uuid, answer.RequestUUID].find(
              (id) => (id ?? "") !== ""
            ) ?? undefined
        ),
        Effect.flatMap((id) => (id === undefined ? Effect.fail(withoutId) : Effect.succeed(id)))
      ),
    /** A call that is not over yet. Without `status` the API would look among those that are. */
    openCall: (id: string, status: "live" | "queued") =>
      ifThere(get(LiveCall, "Calls.get", callPath(id), [["status", status]])),
    /** The record of a call that is over. It is there some time after the end only. */
    record: (id: string) =>
      Effect.map(
        ifThere(get(CallRecord, "Calls.record", `${account}/cdr/${encodeURIComponent(id)}`)),
        (found) => found?.data
      ),
    /** Ends a call. One that is over is a success. */
    endCall: (id: string) => remove("Calls.end", callPath(id)),
    /** Lets the caller's leg go on with the document at a URL. */
    redirect: (id: string, url: string) =>
      post("Calls.transfer", callPath(id), { legs: "aleg", aleg_url: url, aleg_method: "POST" }, false),
    sendDigits: (id: string, digits: string) =>
      post("Calls.digits", `${callPath(id)}DTMF/`, { digits, leg: "aleg" }, false),
    firstNumbers: numbers(1, 25),
    /** Vobiz also finds numbers that are only like it, so the result is compared here. */
    number: Effect.fnUntraced(function* (address: string) {
      let found: AccountNumber | undefined
      for (let page = 1; page <= maxPages; page++) {
        const { items, total } = yield* numbers(page, perPage, [["search", address]])
        found = items.find(({ e164 }) => e164 === address)
        if (found !== undefined || items.length === 0 || page * perPage >= (total ?? Number.POSITIVE_INFINITY)) break
      }
      return found
    }),
    application: (id: string) => ifThere(get(Application, "Applications.get", applicationPath(id))),
    applicationNamed: Effect.fnUntraced(function* (name: string) {
      for (let page = 0; page < maxPages; page++) {
        const list = yield* get(ApplicationPage, "Applications.list", `${account}/Application/`, [
          ["limit", String(perPage)],
          ["offset", String(page * perPage)]
        ])
        const applications = "objects" in list ? list.objects : list.items
        const found = applications.find(({ app_name }) => app_name === name)
        if (found !== undefined || applications.length < perPage) return found
      }
      return undefined
    }),
    createApplication: (application: Readonly<Record<string, Schema.Json>>) =>
      request(CreatedApplication, {
        operation: "Applications.create",
        method: "POST",
        path: `${account}/Application/`,
        body: { json: application },
        idempotent: false
      }),
    updateApplication: (id: string, changes: Readonly<Record<string, Schema.Json>>) =>
      post("Applications.update", applicationPath(id), changes, true),
    attachNumber: (address: string, application: string) =>
      post("Numbers.attach", attachmentPath(address), { application_id: application }, true),
    /** A number that is attached to nothing is a success. */
    detachNumber: (address: string) => remove("Numbers.detach", attachmentPath(address))
  }
}
export type VobizRest = ReturnType<typeof makeRest>
