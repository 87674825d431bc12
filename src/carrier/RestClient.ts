import { Effect, Redacted, type Schema } from "effect"
import type { CarrierError } from "./CarrierError.ts"
import type { FormFields } from "./forms.ts"

/** One request to a carrier's REST API. */
export interface RestRequest {
  /** What it does, in code's words (`Calls.create`): the only part that appears in spans and messages. */
  readonly operation: string
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Begins with a slash and is encoded already; may carry a query that the carrier gave us (a next page). */
  readonly path: string
  readonly query?: FormFields
  readonly body?: { readonly form: FormFields } | { readonly json: Schema.Json }
  /**
   * Whether sending it twice is the same as once. Else it is sent again only where it is certain that the carrier did not
   * act on it: it never left, or was answered 429.
   */
  readonly idempotent: boolean
}

/** A carrier's HTTP answer, read whole. `json` is undefined when the body is no JSON, as from a proxy in front. */
export interface RestAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly text: string
  readonly json: Schema.Json | undefined
  /** False when the body was longer than the bound: nothing of it is kept. */
  readonly complete: boolean
}

/** What a carrier's own error body says: any of these replaces what the HTTP status alone would tell. */
export interface Explanation {
  readonly kind?: CarrierError["kind"]
  readonly code?: string
  /** Names the problem and a next step. Must not quote the carrier's text, which may hold ids and numbers. */
  readonly message?: string
}

/** One account at one carrier. */
export interface RestAccount {
  /** Registry name, for errors and spans. */
  readonly provider: string
  /** Scheme and host, perhaps a path; no trailing slash. */
  readonly baseUrl: string
  /** Requests with the same key share the limit of `concurrentRequests`. Not logged. */
  readonly accountKey: string
  /** The value of the `Authorization` header, asked for before each try. */
  readonly authorization?: Effect.Effect<Redacted.Redacted<string>, CarrierError>
  /** What proves the account where the carrier has headers of its own for that; names in lower case. */
  readonly credentialHeaders?: Readonly<Record<string, Redacted.Redacted<string>>>
  readonly explain: (answer: RestAnswer) => Explanation
  /** The host is one that a tenant typed in: it is resolved and judged before each try, and while connecting. */
  readonly tenantHost?: true
}

/** Sends a request and gives back a 2xx answer; anything else is a `CarrierError` whose `kind` says what may have happened. */
export interface RestClient {
  readonly send: (request: RestRequest) => Effect.Effect<RestAnswer, CarrierError>
}

/** HTTP Basic (RFC 7617) as an `Authorization` value. */
export const basic = (user: Redacted.Redacted<string>, password: Redacted.Redacted<string>) =>
  Effect.sync(() =>
    Redacted.make(
      `Basic ${Buffer.from(`${Redacted.value(user)}:${Redacted.value(password)}`, "utf8").toString("base64")}`
    )
  )

/** A bearer token (RFC 6750) as an `Authorization` value. */
export const bearer = (token: Redacted.Redacted<string>) =>
  Effect.sync(() => Redacted.make(`Bearer ${Redacted.value(token)}`))
