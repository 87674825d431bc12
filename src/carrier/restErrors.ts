import { Clock, DateTime, Effect, Option, Random, Schedule } from "effect"
import type { HttpClientError } from "effect/http"
import { CarrierError } from "./CarrierError.ts"
import type { RestAccount, RestAnswer, RestRequest } from "./RestClient.ts"

/** Tries after the first one. */
const retries = 3

/** ms: the first wait, doubled each time up to the cap, and then shortened by a random part of up to a half. */
const firstWait = 200
const longestWait = 3_000

/** A carrier that asks for a longer pause than this, ms, gets no second try: the caller is told instead. */
const longestRetryAfter = 10_000

/** The same for a request that is not idempotent, ms: somebody waits for the dial, and a late one may be unwelcome. */
const longestDialRetryAfter = 5_000

/**
 * Runs again what failed for a passing reason, with jittered exponential waits or the carrier's own `Retry-After`. A request
 * that is not idempotent is sent again only after a 429, which says that the carrier did not act on it (RFC 6585, section 4).
 */
export const retried = <A, R>(
  { idempotent }: RestRequest,
  attempt: Effect.Effect<A, CarrierError, R>
): Effect.Effect<A, CarrierError, R> => {
  const mayRepeat = idempotent ? passing : notActedUpon
  const run = (tries: number): Effect.Effect<A, CarrierError, R> =>
    Effect.catchTag(attempt, "CarrierError", (error) =>
      tries >= retries || !mayRepeat(error)
        ? Effect.fail(error)
        : Effect.flatMap(waitBefore(error, tries), (ms) => Effect.andThen(Effect.sleep(ms), run(tries + 1)))
    )
  return run(0)
}

const passing = (error: CarrierError) =>
  error.kind === "unavailable" ||
  error.kind === "unknown-outcome" ||
  (error.kind === "rate-limited" && (error.retryAfterMs ?? 0) <= longestRetryAfter)

const notActedUpon = ({ kind, httpStatus, retryAfterMs }: CarrierError) =>
  kind === "rate-limited" && httpStatus === 429 && (retryAfterMs ?? 0) <= longestDialRetryAfter

/**
 * Sends a request again that is not idempotent and never left: the host did not resolve, or refused the connection. An
 * idempotent one is repeated as a whole, see `retried`.
 */
export const sentOnceThere = <A, R>(
  { idempotent }: RestRequest,
  send: Effect.Effect<A, HttpClientError.HttpClientError, R>
): Effect.Effect<A, HttpClientError.HttpClientError, R> =>
  idempotent
    ? send
    : Effect.retry(send, {
        while: (error) => /^(ENOTFOUND|EAI_\w+|ECONNREFUSED)$/.test(transportCode(error) ?? ""),
        schedule: Schedule.jittered(Schedule.exponential(firstWait)),
        times: retries
      })

const waitBefore = (error: CarrierError, tries: number) =>
  error.retryAfterMs !== undefined && error.retryAfterMs <= longestRetryAfter
    ? Effect.succeed(error.retryAfterMs)
    : Effect.map(Random.next, (random) => Math.min(firstWait * 2 ** tries, longestWait) * (1 - random / 2))

/** An answer that is no success. The carrier's own explanation wins over what the HTTP status means in general. */
export const answerError = Effect.fnUntraced(function* (
  account: RestAccount,
  request: RestRequest,
  answer: RestAnswer
) {
  const { status } = answer
  const explained = answer.complete ? account.explain(answer) : {}
  const general = generalMeaning(request, answer)
  const retryAfterMs = yield* retryAfter(answer)
  return new CarrierError({
    provider: account.provider,
    kind: explained.kind ?? general.kind,
    message: explained.message ?? `${request.operation}: the carrier answered ${status}. ${general.hint}`,
    httpStatus: status,
    ...(explained.code === undefined ? {} : { code: explained.code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs })
  })
})

const generalMeaning = (
  { idempotent }: RestRequest,
  { status, complete }: RestAnswer
): { readonly kind: CarrierError["kind"]; readonly hint: string } => {
  if (status < 300) {
    return complete
      ? { kind: "unknown-outcome", hint: "The answer could not be read." }
      : { kind: "unknown-outcome", hint: "The answer was too long to be read." }
  }
  if (status === 401 || status === 403)
    return { kind: "credentials", hint: "Check the account's credentials and permissions." }
  if (status === 404 || status === 410)
    return { kind: "not-found", hint: "It does not exist in this account, or not any more." }
  if (status === 429) return { kind: "rate-limited", hint: "Send fewer requests at a time." }
  if (status < 400) return { kind: "unavailable", hint: "It redirects elsewhere. Check the carrier URL setting." }
  if (status < 500) return { kind: "rejected", hint: "This request will not work as it is." }
  // A gateway that got no answer from the service behind it does not know whether the request went through.
  return !idempotent && (status === 502 || status === 504)
    ? { kind: "unknown-outcome", hint: "It may or may not have been carried out: ask for the call's state first." }
    : { kind: "unavailable", hint: "Try again in a moment, and see the carrier's status page." }
}

/** `Retry-After` (RFC 9110, 10.2.3): seconds or a date. */
const retryAfter = Effect.fnUntraced(function* (answer: RestAnswer) {
  const value = answer.header("retry-after")?.trim()
  if (value === undefined) return undefined
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000
  const date = DateTime.make(value)
  if (Option.isNone(date)) return undefined
  return Math.max(0, DateTime.toEpochMillis(date.value) - (yield* Clock.currentTimeMillis))
})

/** No answer in time, after the connection was there: the carrier may have done what it was asked. */
export const noAnswer = ({ provider }: RestAccount, { operation, idempotent }: RestRequest) =>
  new CarrierError({
    provider,
    kind: "unknown-outcome",
    message: idempotent
      ? `${operation}: the carrier did not answer in 10 s. Try again in a moment.`
      : `${operation}: the carrier did not answer in 10 s. It may have been carried out: ask for its state before trying again.`
  })

/** A request that failed below HTTP: `unavailable` only where it is sure that nothing was sent. */
export const transportError = (account: RestAccount, request: RestRequest, error: HttpClientError.HttpClientError) => {
  const { reason } = error
  const code = transportCode(error)
  const notSent =
    reason._tag === "InvalidUrlError" || reason._tag === "EncodeError" || (code !== undefined && unsent(code))
  const why = code === undefined ? "" : ` (${code})`
  return new CarrierError({
    provider: account.provider,
    kind: notSent ? "unavailable" : "unknown-outcome",
    message: notSent
      ? `${request.operation}: the carrier could not be reached${why}. Check the network, DNS and the carrier URL setting.`
      : `${request.operation}: the connection to the carrier broke${why}. It may have been carried out: ask for its state first.`
  })
}

/** Codes of Node and undici for a connection that never came about: resolving, connecting, or the TLS certificate. */
const unsent = (code: string) =>
  /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_INVALID_ARG|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|UNABLE_TO_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|HOSTNAME_MISMATCH)$/.test(
    code
  )

const transportCode = ({ reason }: HttpClientError.HttpClientError) =>
  reason._tag === "TransportError" ? causeCode(reason.cause) : undefined

const causeCode = (cause: unknown): string | undefined =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : undefined
