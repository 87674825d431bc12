import { randomUUID } from "node:crypto"
import { Effect, Fiber, Result } from "effect"
import type { Callback } from "../../../simulator/Callbacks.ts"
import { exchange, type ExactReply, type ExactRequest } from "../../../simulator/ExactRequest.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { type Account, iso8601, now, rfc2822 } from "./account.ts"
import {
  callFields,
  complain,
  type Final,
  finalFields,
  type Hook,
  type Leg,
  type Next,
  type StatusEvent
} from "./leg.ts"
import { encodeForm, type Fields, sign } from "./signing.ts"

/** Largest TwiML document (Twilio error 11750), bytes. */
export const maxTwimlBytes = 64 * 1024

/** What all webhooks of one fake account are made with. */
export interface Sender {
  readonly account: Account
  readonly panel: FaultPanel
  readonly webhookTimeoutMs: number
}

/** The signature header, unless a fault has another one or none. */
export const signatureHeader = (sender: Sender, name: string, url: string, fields: Fields, subject: string) => {
  const { account, panel } = sender
  if (panel.strike("signature-missing", subject) !== undefined) return {}
  const wrong = panel.strike("signature-wrong", subject) !== undefined
  return { [name]: sign(wrong ? `not-${account.authToken}` : account.authToken, url, fields) }
}

/** A signed request: a form by POST, or the same fields in the query by GET. */
const signed = (sender: Sender, hook: Hook, fields: Fields, subject: string): ExactRequest => {
  const bare = hook.url.replace(/#.*$/, "")
  const form = encodeForm(fields)
  const get = hook.method === "GET"
  const url = get ? `${bare}${bare.includes("?") ? "&" : "?"}${form}` : bare
  const signature = signatureHeader(sender, "X-Twilio-Signature", url, get ? [] : fields, subject)
  const headers = {
    ...(get ? {} : { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" }),
    "User-Agent": "TwilioProxy/1.1",
    Accept: "*/*",
    "I-Twilio-Idempotency-Token": randomUUID(),
    "X-Home-Region": "us1",
    ...signature
  }
  return { method: hook.method, url, headers, ...(get ? {} : { body: form }) }
}

const callback = (sender: Sender, hook: Hook, fields: Fields, subject: string): Callback => ({
  subject,
  request: signed(sender, hook, fields, subject),
  fields: Object.fromEntries(fields)
})

/** Queues the callback of a status event, if somebody subscribed to it. */
export const reportStatus = Effect.fnUntraced(function* (sender: Sender, leg: Leg, event: StatusEvent, final?: Final) {
  const subscription = leg.subscription
  if (subscription === undefined || !subscription.events.includes(event)) return
  const fields: Fields = [
    ...callFields(sender.account, leg),
    ["CallbackSource", "call-progress-events"],
    ["SequenceNumber", String(subscription.next)],
    ["Timestamp", rfc2822(yield* now)],
    ...(final === undefined ? [] : finalFields(leg, final))
  ]
  subscription.next += 1
  yield* leg.line.send(callback(sender, subscription.hook, fields, `status:${event}`))
})

/** Queues a stream status callback; it has no `CallStatus`. */
export const reportStream = Effect.fnUntraced(function* (
  sender: Sender,
  leg: Leg,
  stream: { readonly sid: string; readonly name: string | undefined; readonly hook: Hook | undefined },
  event: "stream-started" | "stream-stopped" | "stream-error",
  error?: string
) {
  if (stream.hook === undefined) return
  const fields: Fields = [
    ["AccountSid", sender.account.sid],
    ["CallSid", leg.id],
    ["StreamSid", stream.sid],
    ...(stream.name === undefined ? [] : [["StreamName", stream.name] as const]),
    ["StreamEvent", event],
    ...(error === undefined ? [] : [["StreamError", error] as const]),
    ["Timestamp", iso8601(yield* now)]
  ]
  yield* leg.line.send(callback(sender, stream.hook, fields, `stream:${event}`))
})

/** Queues the verdict of asynchronous machine detection. */
export const reportMachine = (sender: Sender, leg: Leg, hook: Hook) => {
  const fields: Fields = [
    ["AccountSid", sender.account.sid],
    ["CallSid", leg.id],
    ["AnsweredBy", leg.answeredBy ?? "unknown"],
    ["MachineDetectionDuration", String(leg.detectionMs ?? 0)]
  ]
  return leg.line.send(callback(sender, hook, fields, "amd"))
}

const xmlType = /^(text|application)\/xml\b/i

/** Why a reply cannot be run, by the carrier's code. */
const refusal = (reply: ExactReply): string | undefined => {
  if (reply.status < 200 || reply.status > 299) return `11200 HTTP retrieval failure: status ${reply.status}`
  return xmlType.test(reply.contentType) ? undefined : `12300 invalid Content-Type: "${reply.contentType}"`
}

/**
 * Asks a hook what to do with the call. Gives the markup, or undefined when neither the hook nor its fallback had any:
 * the errors are in the call's record.
 */
export const ask = Effect.fnUntraced(function* (sender: Sender, leg: Leg, hook: Hook, extra: Fields) {
  const targets: ReadonlyArray<Hook> = hook.fallback === undefined ? [hook] : [hook, hook.fallback]
  for (const target of targets) {
    const reply = yield* askOne(sender, leg, target, extra)
    if (reply !== undefined) return { _tag: "Run", markup: reply, baseUrl: target.url } satisfies Next
  }
  return undefined
})

const askOne = Effect.fnUntraced(function* (sender: Sender, leg: Leg, hook: Hook, extra: Fields) {
  const names = new Set(extra.map(([name]) => name))
  const fields = [...callFields(sender.account, leg).filter(([name]) => !names.has(name)), ...extra]
  const request = signed(sender, hook, fields, "voice")
  const limits = { timeoutMs: sender.webhookTimeoutMs, maxBytes: maxTwimlBytes }
  const once = Effect.gen(function* () {
    const outcome = yield* Effect.result(exchange(request, limits))
    const succeeded = Result.isSuccess(outcome)
    leg.record.callbacks.push({
      subject: "voice",
      url: request.url,
      fields: Object.fromEntries(fields),
      headers: request.headers,
      lost: false,
      status: succeeded ? outcome.success.status : undefined,
      failure: succeeded ? undefined : outcome.failure.message
    })
    if (succeeded) leg.record.answers.push(outcome.success.body)
    leg.record.changed()
    return yield* Effect.fromResult(outcome)
  })
  const again =
    sender.panel.strike("webhook-duplicated", "voice") === undefined
      ? undefined
      : yield* Effect.forkChild(Effect.exit(once))
  const outcome = yield* Effect.result(once)
  if (again !== undefined) yield* Fiber.await(again)
  if (Result.isSuccess(outcome)) {
    const wrong = refusal(outcome.success)
    if (wrong === undefined) return outcome.success.body
    yield* complain(leg, wrong)
    return undefined
  }
  const { message, reason } = outcome.failure
  const code = reason === "too-large" ? 11750 : reason === "bad-url" ? 11100 : reason === "connect" ? 11205 : 11200
  yield* complain(leg, `${code} ${message}`)
  return undefined
})
