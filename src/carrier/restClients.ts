import { Effect, Record, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { makeAccountGates } from "./accountGates.ts"
import { encodeForm } from "./forms.ts"
import type { RestAccount, RestClient, RestRequest } from "./RestClient.ts"
import { readAnswer } from "./restAnswer.ts"
import { answerError, noAnswer, retried, sentOnceThere, transportError } from "./restErrors.ts"
import type { TenantHosts } from "./tenantHosts.ts"

/** From sending to the last byte of the answer, each try. The connection itself has 3 s (`carrierHttpClient`). */
const requestTimeout = "10 seconds"

/** Requests of one account under way at once; more wait. */
const concurrentRequests = 8

/**
 * Makes clients that share their limits per account. Nothing of a request but its provider and `operation` gets into
 * spans: the HTTP client's own span would hold the URL, and with it account ids and phone numbers.
 */
export const makeRestClients = Effect.gen(function* () {
  const carriers = yield* HttpClient.HttpClient
  const gates = makeAccountGates(concurrentRequests)

  /** The client for the account's host, once it may be connected to. */
  const clientOf = Effect.fnUntraced(function* (hosts: TenantHosts, { provider, baseUrl, tenantHost }: RestAccount) {
    const url = URL.parse(baseUrl)
    if (tenantHost !== true || (url !== null && hosts.isOperators(provider, url))) return carriers
    yield* hosts.guard(provider, baseUrl)
    return hosts.http
  })

  const attempt = (hosts: TenantHosts, account: RestAccount, request: RestRequest) =>
    Effect.gen(function* () {
      const http = yield* clientOf(hosts, account)
      const authorization = account.authorization === undefined ? undefined : yield* account.authorization
      const response = yield* sentOnceThere(request, http.execute(build(account, request, authorization)))
      return yield* readAnswer(response)
    }).pipe(
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.catchTag("HttpClientError", (error) => Effect.fail(transportError(account, request, error))),
      Effect.timeoutOrElse({ duration: requestTimeout, orElse: () => Effect.fail(noAnswer(account, request)) }),
      Effect.filterOrElse(
        (answer) => answer.complete && answer.status >= 200 && answer.status < 300,
        (answer) => Effect.flatMap(answerError(account, request, answer), Effect.fail)
      ),
      gates.withPermit(account.provider, account.accountKey)
    )

  return (hosts: TenantHosts, account: RestAccount): RestClient => ({
    send: (request) =>
      retried(request, attempt(hosts, account, request)).pipe(
        Effect.withSpan("RestClient.send", {
          kind: "client",
          attributes: { provider: account.provider, operation: request.operation, method: request.method }
        })
      )
  })
})

const build = (
  { baseUrl, credentialHeaders = {} }: RestAccount,
  request: RestRequest,
  authorization: Redacted.Redacted<string> | undefined
) => {
  const secrets: Readonly<Record<string, Redacted.Redacted<string>>> =
    authorization === undefined ? credentialHeaders : { ...credentialHeaders, authorization }
  const query = request.query === undefined ? "" : encodeForm(request.query)
  const url = baseUrl + request.path + (query === "" ? "" : `${request.path.includes("?") ? "&" : "?"}${query}`)
  const plain = HttpClientRequest.make(request.method)(url, {
    headers: {
      ...Record.map(secrets, (secret) => Redacted.value(secret)),
      accept: "application/json",
      "user-agent": "switchboard"
    }
  })
  if (request.body === undefined) return plain
  return "form" in request.body
    ? HttpClientRequest.bodyText(plain, encodeForm(request.body.form), "application/x-www-form-urlencoded")
    : HttpClientRequest.bodyText(plain, JSON.stringify(request.body.json), "application/json")
}
