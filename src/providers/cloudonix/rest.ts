import { Effect, Option, Redacted, Schedule, Schema } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import type { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import { bearer, type RestRequest } from "../../carrier/RestClient.ts"
import { resourceReader } from "../../carrier/restResource.ts"
import { type CloudonixConfig, provider } from "./config.ts"
import { explain } from "./errors.ts"
import { asFields } from "./fields.ts"
import { pacingOf } from "./pacing.ts"
import { Application, Conference, Dnid, Domain, type NewApplication, Placed, Trunk } from "./resources.ts"
import { readSession, type Session } from "./session.ts"

const get = (operation: string, path: string): RestRequest => ({ operation, method: "GET", path, idempotent: true })
const body = (
  operation: string,
  method: "POST" | "PUT" | "PATCH",
  path: string,
  json: Schema.Json,
  idempotent: boolean
): RestRequest => ({ operation, method, path, body: { json }, idempotent })

/**
 * A 429 has no `Retry-After`, and the limit's window is longer than a client usually waits between its tries. Nothing was done, so
 * whatever was refused may be sent again.
 */
const whileThrottled = {
  while: ({ kind }: CarrierError) => kind === "rate-limited",
  schedule: Schedule.spaced("1500 millis"),
  times: 2
}

const isMissing = ({ kind }: CarrierError) => kind === "not-found"

/** The parts of Cloudonix's REST API that are used, for one domain, within its rate limit. */
export const makeRest = (toolkit: CarrierToolkit["Service"], config: CloudonixConfig) => {
  const domain = encodeURIComponent(Redacted.value(config.domain))
  const client = toolkit.restClient({
    provider,
    baseUrl: toolkit.baseUrl(provider, "https://api.cloudonix.io"),
    accountKey: Redacted.value(config.domain),
    authorization: bearer(config.bearerToken),
    explain
  })
  const pacing = pacingOf(toolkit, Redacted.value(config.domain))
  const once = { send: (request: RestRequest) => Effect.andThen(pacing.turn(false), client.send(request)) }
  const paced = { send: (request: RestRequest) => Effect.retry(once.send(request), whileThrottled) }
  const read = resourceReader(provider, paced)
  const own = `/customers/self/domains/${domain}`
  const calls = `/calls/${domain}`

  /** An empty list is answered 404. Some lists come bare, others under their name; items that cannot be read are left out. */
  const list = <A>(item: Schema.Codec<A, unknown>, name: string, operation: string, path: string) => {
    const readItem = Schema.decodeUnknownOption(item)
    return paced.send(get(operation, path)).pipe(
      Effect.map(({ json }) => {
        const items = Array.isArray(json) ? json : asFields(json)?.[name]
        return Array.isArray(items) ? items.flatMap((each) => Option.toArray(readItem(each))) : undefined
      }),
      Effect.filterOrElse(
        (items) => items !== undefined,
        () => unreadable(operation)
      ),
      Effect.catchIf(isMissing, () => Effect.succeed<ReadonlyArray<A>>([]))
    )
  }

  /** Some deployments answer a write without a body: then this is undefined. */
  const written = <A>(schema: Schema.Codec<A, unknown>, request: RestRequest) =>
    Effect.map(paced.send(request), ({ json }) => Option.getOrUndefined(Schema.decodeUnknownOption(schema)(json)))

  return {
    domain: read(Domain, get("Domains.get", own)),
    /** Never sent twice, as a second one would be a second call, and not kept for later when the domain is over its limit. */
    dial: (call: Schema.Json) =>
      resourceReader(provider, once)(Placed, body("Calls.dial", "POST", `${calls}/application`, call, false)),
    /** Undefined: the domain has no such session, or not any more. */
    session: Effect.fnUntraced(
      function* (token: string) {
        const operation = "Sessions.get"
        const { json } = yield* paced.send(get(operation, `${own}/sessions/${encodeURIComponent(token)}`))
        const session = readSession({ token, ...asFields(json) })
        return session?.token === token ? session : yield* unreadable(operation)
      },
      Effect.catchIf(isMissing, () => Effect.undefined)
    ),
    /** The domain's sessions, active and ended; those that cannot be read are left out. */
    sessions: Effect.map(
      list(Schema.Record(Schema.String, Schema.Json), "sessions", "Sessions.list", `${own}/sessions`),
      (found): ReadonlyArray<Session> => found.map(readSession).filter((session) => session !== undefined)
    ),
    /** Hangs up. One that is over, or not there, is `not-found`. Does not wait for its turn: hang-ups come first. */
    endSession: (token: string) =>
      Effect.andThen(
        pacing.turn(true),
        client.send({
          operation: "Sessions.end",
          method: "DELETE",
          path: `${own}/sessions/${encodeURIComponent(token)}`,
          idempotent: true
        })
      ),
    /** Gives a running session another document; the one that it is at ends. Sent again only where it was surely not carried out. */
    switchDocument: (token: string, cxml: string) =>
      paced.send(
        body("Sessions.switch", "POST", `${calls}/sessions/${encodeURIComponent(token)}/application`, { cxml }, false)
      ),
    conferences: list(Conference, "conferences", "Conferences.list", `${calls}/conferences`),
    trunks: list(Trunk, "trunks", "Trunks.list", `/domains/${domain}/trunks`),
    applications: list(Application, "applications", "Applications.list", `${own}/applications`),
    /** What the answer shows of the new application; undefined where it has no body, and the list has to tell. */
    createApplication: (application: NewApplication) =>
      written(Application, body("Applications.create", "POST", `${own}/applications`, { ...application }, false)),
    updateApplication: (name: string, url: string) =>
      written(
        Application,
        body(
          "Applications.update",
          "PATCH",
          `${own}/applications/${encodeURIComponent(name)}`,
          { url, method: "POST" },
          true
        )
      ),
    dnids: list(Dnid, "dnids", "Dnids.list", `${own}/dnids`),
    createDnid: (applicationUuid: string, number: string) =>
      written(
        Dnid,
        body(
          "Dnids.create",
          "POST",
          `/domains/${domain}/applications/${encodeURIComponent(applicationUuid)}/dnids`,
          { source: number, prefix: false, expression: false, asteriskCompatible: false },
          false
        )
      ),
    bindDnid: (id: Dnid["id"], applicationId: Application["id"]) =>
      written(
        Dnid,
        body("Dnids.update", "PUT", `${own}/dnids/${encodeURIComponent(String(id))}`, { applicationId }, true)
      )
  }
}
export type CloudonixRest = ReturnType<typeof makeRest>

/** A 2xx answer that is not what the API promises. */
const unreadable = (operation: string) =>
  new CarrierError({
    provider,
    kind: "unknown-outcome",
    message: `${operation}: Cloudonix's answer could not be read. Check that the carrier URL setting points at its API.`
  })
