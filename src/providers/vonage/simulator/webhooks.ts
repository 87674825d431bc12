import { Effect, Fiber, Result, type Schema } from "effect"
import type { Callback } from "../../../simulator/Callbacks.ts"
import { exchange, type ExactReply, type ExactRequest, type RequestFailed } from "../../../simulator/ExactRequest.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { type Account, iso8601, now } from "./account.ts"
import { type Call, complain, type Hook } from "./leg.ts"
import { type Action, type NccoContext, readNcco, syntaxError } from "./ncco.ts"
import { webhookToken } from "./tokens.ts"

/** Largest answer that is read. The real limit is not published. */
export const maxAnswerBytes = 256 * 1024

const answerTimeoutMs = 5000
const eventTimeoutMs = 10_000

/** What all webhooks of one fake account are made with. */
export interface Sender extends NccoContext {
  readonly account: Account
  readonly panel: FaultPanel
  /** Instead of what the application or the carrier's defaults allow. */
  readonly webhookTimeoutMs: number | undefined
}

export type Body = Readonly<Record<string, Schema.Json>>

/** Values as a query carries them; what is null has no place in one. */
const written = (body: Body): ReadonlyArray<readonly [string, string]> =>
  Object.entries(body).flatMap(([name, value]) =>
    value === null ? [] : [[name, typeof value === "string" ? value : JSON.stringify(value)] as const]
  )

/** The `Authorization` header, unless a fault has another one or none, or the application's callbacks are unsigned. */
export const authorization = (sender: Sender, payload: string | undefined, atMs: number, subject: string) => {
  const { account, panel } = sender
  if (account.application.voice()?.signed_callbacks !== true) return {}
  if (panel.strike("signature-missing", subject) !== undefined) return {}
  const wrong = panel.strike("signature-wrong", subject) !== undefined
  const token = webhookToken(wrong ? `not-${account.signatureSecret}` : account.signatureSecret, {
    issuedAt: Math.floor(atMs / 1000),
    ...(payload === undefined ? {} : { payload }),
    apiKey: account.apiKey,
    applicationId: account.application.id
  })
  return { Authorization: `Bearer ${token}` }
}

/**
 * A signed request with a token of its own. A GET has the fields in its query, and the hash is over the JSON of all
 * query parameters in their order, values as text.
 */
const signed = (sender: Sender, hook: Hook, body: Body, atMs: number, subject: string): ExactRequest => {
  const bare = hook.url.replace(/#.*$/, "")
  if (hook.method === "POST") {
    const json = JSON.stringify(body)
    const headers = { "Content-Type": "application/json", ...authorization(sender, json, atMs, subject) }
    return { method: "POST", url: bare, headers, body: json }
  }
  const query = written(body).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  const url = `${bare}${bare.includes("?") ? "&" : "?"}${query.join("&")}`
  const parameters = Object.fromEntries(new URLSearchParams(url.slice(url.indexOf("?") + 1)))
  return { method: "GET", url, headers: authorization(sender, JSON.stringify(parameters), atMs, subject) }
}

/** What is sent again once: timeouts and cut connections, and these statuses. */
const isRetried = (outcome: Outcome, statuses: ReadonlyArray<number>) =>
  Result.isSuccess(outcome)
    ? statuses.includes(outcome.success.status)
    : outcome.failure.reason === "timeout" || outcome.failure.reason === "connect"

type Outcome = Result.Result<ExactReply, RequestFailed>
const answerRetries = [429, 503, 504]
const eventRetries = [429, 502, 503, 504]

const reasonOf = (outcome: Outcome) =>
  Result.isSuccess(outcome)
    ? `HTTP status ${outcome.success.status}.`
    : outcome.failure.reason === "timeout"
      ? "Request timed out."
      : "Connection closed."

const fallbackOf = ({ account }: Sender, failed: Hook, type: "answer" | "event", body: Body, reason: string) => {
  const spare = account.application.voice()?.webhooks?.fallback_answer_url
  if (spare === undefined) return undefined
  const hook: Hook = { url: spare.address, method: spare.http_method ?? "GET" }
  return { hook, body: { ...body, reason, original_request: { url: failed.url, type } } }
}

/**
 * Queues an event on the call's line. It is sent again once, then to the fallback URL. `onReply` gets the body of the
 * answer that ended it, for the events that may be answered with an NCCO.
 */
export const sendEvent = Effect.fnUntraced(function* (
  sender: Sender,
  call: Call,
  hook: Hook | undefined,
  subject: string,
  body: Body,
  onReply?: (reply: ExactReply) => void
) {
  if (hook === undefined) return
  const atMs = yield* now
  const attempt = (target: Hook, said: Body, left: number, fallback: boolean): Callback => ({
    subject,
    request: signed(sender, target, said, atMs, subject),
    fields: Object.fromEntries(written(said)),
    followUp: (outcome) => {
      if (left > 0 && isRetried(outcome, eventRetries)) return attempt(target, said, left - 1, fallback)
      if (Result.isSuccess(outcome) && outcome.success.status >= 200 && outcome.success.status <= 205) {
        if (onReply !== undefined) onReply(outcome.success)
        else if (isArray(outcome.success))
          call.record.errors.push(`${subject} was answered with a JSON array: passed over`)
        return undefined
      }
      call.record.errors.push(`${subject} event: ${reasonOf(outcome)}`)
      const spare = fallback ? fallbackOf(sender, target, "event", said, reasonOf(outcome)) : undefined
      return spare === undefined ? undefined : attempt(spare.hook, spare.body, 1, false)
    }
  })
  yield* call.line.send(attempt(hook, body, 1, true))
})

const jsonType = /^application\/json\b/i
const isArray = (reply: ExactReply) => jsonType.test(reply.contentType) && reply.body.trimStart().startsWith("[")

/** The same, and waits for the NCCO that it is answered with; undefined when there is none. A bad one counts as none. */
export const sendSynchronousEvent = Effect.fnUntraced(function* (
  sender: Sender,
  call: Call,
  hook: Hook | undefined,
  subject: string,
  body: Body
) {
  let reply: ExactReply | undefined
  yield* sendEvent(sender, call, hook, subject, body, (got) => {
    reply = got
  })
  yield* call.line.finish
  if (reply === undefined || !isArray(reply)) return undefined
  call.record.answers.push(reply.body)
  const actions = readNcco(reply.body, sender)
  if (Result.isSuccess(actions)) return actions.success
  yield* reportSyntaxError(sender, call, actions.failure)
  return undefined
})

/** An NCCO that cannot be run: the carrier says so in an event, people read why in the call's errors. */
export const reportSyntaxError = Effect.fnUntraced(function* (sender: Sender, call: Call, why: string) {
  yield* complain(call, `${syntaxError} ${why}`)
  const timestamp = iso8601(yield* now)
  const body = { reason: syntaxError, conversation_uuid: call.leg.conversation, timestamp }
  yield* sendEvent(sender, call, call.leg.hook, "status:error", body)
})

/** How long a webhook may take to answer, ms. */
const timeoutOf = (sender: Sender, kind: "answer_url" | "event_url") =>
  sender.webhookTimeoutMs ??
  sender.account.application.voice()?.webhooks?.[kind]?.socket_timeout ??
  (kind === "answer_url" ? answerTimeoutMs : eventTimeoutMs)

export const eventTimeout = (sender: Sender) => timeoutOf(sender, "event_url")

/** Asks what to do with a call: twice at most, then the fallback URL twice at most. Undefined: nobody had an NCCO. */
export const ask = Effect.fnUntraced(function* (sender: Sender, call: Call, hook: Hook) {
  const fields = answerFields(call, hook.method)
  const first = yield* askTwice(sender, call, hook, fields)
  if (first._tag === "Actions") return first.actions
  const spare = fallbackOf(sender, hook, "answer", fields, first.reason)
  if (spare === undefined) return undefined
  const second = yield* askTwice(sender, call, spare.hook, spare.body)
  return second._tag === "Actions" ? second.actions : undefined
})

type Asked =
  | { readonly _tag: "Actions"; readonly actions: ReadonlyArray<Action> }
  | { readonly _tag: "None"; readonly reason: string }

const askTwice = Effect.fnUntraced(function* (sender: Sender, call: Call, hook: Hook, fields: Body) {
  const once = askOnce(sender, call, hook, fields)
  const again =
    sender.panel.strike("webhook-duplicated", "voice") === undefined ? undefined : yield* Effect.forkChild(once)
  const first = yield* once
  if (again !== undefined) yield* Fiber.await(again)
  const outcome = isRetried(first, answerRetries) ? yield* once : first
  const none = Effect.fnUntraced(function* (reason: string, why: string) {
    yield* complain(call, `answer webhook: ${why}`)
    return { _tag: "None", reason } satisfies Asked
  })
  if (Result.isFailure(outcome)) return yield* none(reasonOf(outcome), outcome.failure.message)
  const { body, contentType, status } = outcome.success
  if (status !== 200) return yield* none(reasonOf(outcome), `HTTP status ${status}`)
  if (!jsonType.test(contentType)) {
    return yield* none("Invalid content type.", `Content-Type "${contentType}" is not application/json`)
  }
  const actions = readNcco(body, sender)
  if (Result.isSuccess(actions)) return { _tag: "Actions", actions: actions.success } satisfies Asked
  yield* reportSyntaxError(sender, call, actions.failure)
  return { _tag: "None", reason: syntaxError } satisfies Asked
})

const askOnce = Effect.fnUntraced(function* (sender: Sender, call: Call, hook: Hook, fields: Body) {
  const request = signed(sender, hook, fields, yield* now, "voice")
  const limits = { timeoutMs: timeoutOf(sender, "answer_url"), maxBytes: maxAnswerBytes }
  const outcome = yield* Effect.result(exchange(request, limits))
  const succeeded = Result.isSuccess(outcome)
  call.record.callbacks.push({
    subject: "voice",
    url: request.url,
    fields: Object.fromEntries(written(fields)),
    headers: request.headers,
    lost: false,
    status: succeeded ? outcome.success.status : undefined,
    failure: succeeded ? undefined : outcome.failure.message
  })
  if (succeeded) call.record.answers.push(outcome.success.body)
  call.record.changed()
  return outcome
})

/** The region that every call of this fake lives in. */
const regionUrl = "https://api-us-3.vonage.com"

/** There is neither `direction` nor `status`; a GET has the two numbers the other way round. */
const answerFields = ({ extra, leg }: Call, method: Hook["method"]): Body => {
  const { conversation, from, to, uuid } = leg
  const fields =
    method === "POST"
      ? { from, to, uuid, conversation_uuid: conversation, region_url: regionUrl, endpoint_type: "phone" }
      : { to, from, conversation_uuid: conversation, uuid, region_url: regionUrl, endpoint_type: "phone" }
  return { ...fields, ...extra }
}
