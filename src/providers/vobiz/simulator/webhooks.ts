import { Effect, Fiber, Result } from "effect"
import type { Callback } from "../../../simulator/Callbacks.ts"
import { exchange, type ExactReply, type ExactRequest } from "../../../simulator/ExactRequest.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { type Account, newDigits } from "./account.ts"
import { askFields, hangupFields, machineFields, ringFields } from "./fields.ts"
import type { Final } from "./hangups.ts"
import { complain, type Hook, type Leg, type Next, type Origin } from "./leg.ts"
import type { Settings } from "./settings.ts"
import { encodeForm, type Fields, signatureHeaders } from "./signing.ts"

/** Largest markup document, bytes. */
export const maxMarkupBytes = 100 * 1024
const maxRetries = 3

/** What all webhooks of one fake account are made with. */
export interface Sender {
  readonly account: Account
  readonly panel: FaultPanel
  readonly settings: Settings
}

const signatures = (sender: Sender, url: string, fields: Fields, subject: string) => {
  const { account, panel, settings } = sender
  if (panel.strike("signature-missing", subject) !== undefined || settings.signatures === "unsigned") return {}
  const wrong = panel.strike("signature-wrong", subject) !== undefined
  const [token, parentToken] = wrong
    ? [`not-${account.authToken}`, `not-${account.parentToken}`]
    : [account.authToken, account.parentToken]
  return signatureHeaders({ kinds: settings.signatures, token, parentToken, url, nonce: newDigits(20), fields })
}

/** A request as the carrier sends it: a form by POST, or the same fields in the query by GET. */
const signed = (sender: Sender, hook: Hook, fields: Fields, subject: string): ExactRequest => {
  const { account, settings } = sender
  const bare = hook.url.replace(/#.*$/, "")
  const form = encodeForm(fields)
  const get = hook.method === "GET"
  const tokens = { "auth-token": account.authToken, "parent-auth-token": account.parentToken }
  return {
    method: hook.method,
    url: get ? `${bare}${bare.includes("?") ? "&" : "?"}${form}` : bare,
    headers: {
      ...(get ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
      "User-Agent": "Vobiz",
      Accept: "*/*",
      ...(settings.tokensInHeaders ? tokens : {}),
      ...signatures(sender, bare, fields, subject)
    },
    ...(get ? {} : { body: form })
  }
}

export const callbackOf = (sender: Sender, hook: Hook, fields: Fields, subject: string): Callback => ({
  subject,
  request: signed(sender, hook, fields, subject),
  fields: Object.fromEntries(fields)
})

/** Whoever saw a callback can send it again with another body: the signature fits. */
const forgeryOf = (callback: Callback): Callback => {
  const fields = { ...callback.fields, Event: "Hangup", CallStatus: "failed", HangupCauseCode: "5010", Duration: "0" }
  const body = encodeForm(Object.entries(fields))
  return { subject: `replay:${callback.subject}`, fields, request: { ...callback.request, body } }
}

/** Queues a callback of a call; nobody's answer to it matters. */
export const report = Effect.fnUntraced(function* (
  sender: Sender,
  leg: Leg,
  hook: Hook | undefined,
  subject: string,
  fields: Fields
) {
  if (hook === undefined) return
  const callback = retried(callbackOf(sender, hook, fields, subject), sender.settings.retryDelayMs)
  yield* leg.line.send(callback)
  if (sender.settings.replays && hook.method === "POST") yield* leg.line.send(forgeryOf(callback))
})

export const reportRing = (sender: Sender, leg: Leg) =>
  Effect.suspend(() => report(sender, leg, leg.hooks.ring, "status:ringing", ringFields(leg)))

/** Once per call, for its own leg only; legs of `<Dial>` have none. */
export const reportHangup = (sender: Sender, leg: Leg, final: Final) =>
  Effect.suspend(() =>
    report(sender, leg, leg.hooks.hangup, "status:completed", hangupFields(sender.account.parentId, leg, final))
  )

export const reportMachine = (sender: Sender, leg: Leg, hook: Hook, ifMachine: "continue" | "hangup") =>
  Effect.suspend(() => report(sender, leg, hook, "amd", machineFields(leg, ifMachine)))

/** Up to three repetitions with doubling waits. That a 4xx is taken as an answer, not a failure, is an assumption. */
export const retried = (callback: Callback, retryDelayMs: number, attempt = 1): Callback => ({
  ...callback,
  followUp: (outcome) => {
    const failed = Result.isFailure(outcome) || outcome.success.status >= 500
    if (!failed || attempt > maxRetries) return undefined
    return { ...retried(callback, retryDelayMs, attempt + 1), afterMs: retryDelayMs * 2 ** (attempt - 1) }
  }
})

const xmlType = /^(text|application)\/xml\b/i
const reaching: Readonly<Record<Origin, number>> = { answer: 7011, action: 7012, transfer: 7013, redirect: 7014 }
const reading: Readonly<Record<Origin, number>> = { answer: 8011, action: 8012, transfer: 8013, redirect: 8014 }

/** The hangup code for markup that cannot be had, and for markup that cannot be run. */
export const reachingCode = (origin: Origin) => reaching[origin]
export const readingCode = (origin: Origin) => reading[origin]

const refusal = (origin: Origin, reply: ExactReply): string | undefined => {
  if (reply.status < 200 || reply.status > 299) return `${reaching[origin]} HTTP status ${reply.status}`
  return xmlType.test(reply.contentType) ? undefined : `${reading[origin]} Content-Type is "${reply.contentType}"`
}

/**
 * Asks a hook what to do with the call. Gives the markup, or the hangup code when neither the hook nor its fallback had any: the errors
 * are in the call's record. It is not asked again: the caller waits in silence meanwhile.
 */
export const ask = Effect.fnUntraced(function* (
  sender: Sender,
  leg: Leg,
  asked: Extract<Next, { readonly _tag: "Fetch" }>
) {
  const { extra, hook, origin } = asked
  let code = reaching[origin]
  for (const target of hook.fallback === undefined ? [hook] : [hook, hook.fallback]) {
    const outcome = yield* Effect.result(askOne(sender, leg, target, origin, extra))
    if (Result.isSuccess(outcome)) return { _tag: "Run", markup: outcome.success, origin } satisfies Next
    yield* complain(leg, outcome.failure)
    code = outcome.failure.startsWith(String(reading[origin])) ? reading[origin] : reaching[origin]
  }
  return code
})

const askOne = Effect.fnUntraced(function* (sender: Sender, leg: Leg, hook: Hook, origin: Origin, extra: Fields) {
  const names = new Set(extra.map(([name]) => name))
  const event = origin === "answer" ? "StartApp" : "Redirect"
  const common = askFields(sender.account.parentId, leg, event).filter(([name]) => !names.has(name))
  const fields = [...common, ...extra]
  const request = signed(sender, hook, fields, "voice")
  const limits = { timeoutMs: sender.settings.webhookTimeoutMs, maxBytes: maxMarkupBytes }
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
  const twice = sender.panel.strike("webhook-duplicated", "voice") !== undefined
  const again = twice ? yield* Effect.forkChild(Effect.exit(once)) : undefined
  const outcome = yield* Effect.result(once)
  if (again !== undefined) yield* Fiber.await(again)
  if (Result.isFailure(outcome)) {
    const { message, reason } = outcome.failure
    return yield* Effect.fail(`${reason === "too-large" ? reading[origin] : reaching[origin]} ${message}`)
  }
  const wrong = refusal(origin, outcome.success)
  return wrong === undefined ? outcome.success.body : yield* Effect.fail(wrong)
})
