import { Effect, Fiber, Result } from "effect"
import type { Callback } from "../../../simulator/Callbacks.ts"
import { exchange, type ExactReply, type ExactRequest } from "../../../simulator/ExactRequest.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { type Account, randomDigits } from "./account.ts"
import { type Asked, type Hangup, invalidUrl, invalidXml, unreachable } from "./hangups.ts"
import { deliveryOf, type Hook } from "./hook.ts"
import { callFields, complain, hangupFields, type Leg, type Next } from "./leg.ts"
import { encodeForm, type Fields, signV2, signV3 } from "./signing.ts"

/** Largest document that is taken for an answer, bytes. */
export const maxXmlBytes = 100 * 1024

/** What all webhooks of one fake account are made with. */
export interface Sender {
  readonly account: Account
  readonly panel: FaultPanel
  readonly webhookTimeoutMs: number
  /** Only `X-Plivo-Signature-Ma-V3` is sent. */
  readonly onlyMainSignature: boolean
  /** The hangup callback says `completed` also of calls that nobody answered, which Plivo is known to do. */
  readonly unansweredAsCompleted: boolean
}

/**
 * The V3 headers, unless a fault has others or none. A header lists one signature for each active token. A subaccount's
 * calls are signed with its own token, and with the main account's in the header that has `Ma` in its name.
 */
export const signatureHeaders = (
  sender: Sender,
  request: { readonly method: "GET" | "POST"; readonly url: string; readonly fields: Fields },
  subject: string
): Readonly<Record<string, string>> => {
  const { account, panel } = sender
  if (panel.strike("signature-missing", subject) !== undefined) return {}
  const wrong = panel.strike("signature-wrong", subject) !== undefined
  const nonce = randomDigits(20)
  const list = (token: string) =>
    [...(account.oldToken === undefined ? [] : [account.oldToken]), token]
      .map((each) => signV3(wrong ? `not-${each}` : each, request.method, request.url, request.fields, nonce))
      .join(",")
  return {
    ...(sender.onlyMainSignature ? {} : { "X-Plivo-Signature-V3": list(account.token) }),
    "X-Plivo-Signature-Ma-V3": list(account.mainToken),
    "X-Plivo-Signature-V3-Nonce": nonce
  }
}

/**
 * The older scheme, which comes along with every webhook. It is right even where a fault makes V3 wrong: it binds neither
 * body nor query, so whoever has seen one request could send it with another body.
 */
const olderHeaders = (account: Account, url: string) => {
  const nonce = randomDigits(20)
  return {
    "X-Plivo-Signature-V2": signV2(account.token, url, nonce),
    "X-Plivo-Signature-Ma-V2": signV2(account.mainToken, url, nonce),
    "X-Plivo-Signature-V2-Nonce": nonce
  }
}

/** A signed request: a form by POST, or the same fields in the query by GET. */
const signed = (
  sender: Sender,
  target: { readonly url: string; readonly method: "GET" | "POST" },
  fields: Fields,
  subject: string
): ExactRequest => {
  const { method } = target
  const bare = target.url.replace(/#.*$/s, "")
  const form = encodeForm(fields.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  const get = method === "GET"
  const url = get ? `${bare}${bare.includes("?") ? "&" : "?"}${form}` : bare
  const v3 = signatureHeaders(sender, { method, url, fields: get ? [] : fields }, subject)
  const missing = Object.keys(v3).length === 0
  const headers = {
    ...(get ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
    // How Plivo really spells its agent is not published.
    "User-Agent": "Plivo/1.0",
    Accept: "*/*",
    ...(missing ? {} : olderHeaders(sender.account, url)),
    ...v3
  }
  return { method, url, headers, ...(get ? {} : { body: form }) }
}

/**
 * Queues a callback whose answer does not matter. `retried`: by the rules in the URL's fragment. A repetition is the same
 * request, nonce included, so that nobody may take a nonce that was seen for an attack.
 */
export const report = Effect.fnUntraced(function* (
  sender: Sender,
  leg: Leg,
  callback: { readonly subject: string; readonly hook: Hook; readonly fields: Fields; readonly retried: boolean }
) {
  const { hook, subject } = callback
  const delivery = deliveryOf(hook.url, sender.webhookTimeoutMs)
  const request = signed(sender, hook, callback.fields, subject)
  const owed = (left: number): Callback => ({
    subject,
    request,
    fields: Object.fromEntries(callback.fields),
    timeoutMs: delivery.timeoutMs,
    followUp: (outcome) => (left > 0 && delivery.retried(outcome) ? owed(left - 1) : undefined)
  })
  yield* leg.line.send(owed(callback.retried ? delivery.retries : 0))
})

/** Queues `Event=Ring`, if there is a ring URL. */
export const reportRing = (sender: Sender, leg: Leg) => {
  const hook = leg.hooks.ring
  if (hook === undefined) return Effect.void
  const fields = callFields(sender.account, leg, "Ring", "ringing")
  return report(sender, leg, { subject: "status:Ring", hook, fields, retried: true })
}

/** Queues `Event=Hangup`, if there is a hangup URL. */
export const reportHangup = (sender: Sender, leg: Leg, hangup: Hangup) => {
  const hook = leg.hooks.hangup
  if (hook === undefined) return Effect.void
  const answered = leg.answeredMs !== undefined
  const status = answered || sender.unansweredAsCompleted ? "completed" : hangup.unanswered.status
  const fields = [...callFields(sender.account, leg, "Hangup", status), ...hangupFields(leg, hangup)]
  return report(sender, leg, { subject: "status:Hangup", hook, fields, retried: true })
}

/** Queues the verdict of asynchronous machine detection. */
export const reportMachine = (sender: Sender, leg: Leg, hook: Hook, ifMachine: "continue" | "hangup") => {
  const fields: Fields = [
    ...callFields(sender.account, leg, "MachineDetection"),
    ["Machine", String(leg.machine ?? false)],
    ["IfMachine", ifMachine]
  ]
  return report(sender, leg, { subject: "amd", hook, fields, retried: true })
}

const xmlType = /^(text|application)\/xml\b/i

const codeAndName = ({ code, name }: Hangup) => `${code} ${name}`

/**
 * Asks a hook what to do with the call. Gives the markup to run, or the reason to hang up when neither the hook nor its
 * fallback had any: the errors are in the call's record.
 */
export const ask = Effect.fnUntraced(function* (
  sender: Sender,
  leg: Leg,
  next: Extract<Next, { readonly _tag: "Fetch" }>
) {
  const { asked, hook } = next
  const { fallback } = hook
  let failure = unreachable(asked)
  for (const target of fallback === undefined ? [hook] : [hook, fallback]) {
    const reply = yield* askOne(sender, leg, target, asked, next.extra)
    if (Result.isSuccess(reply)) return Result.succeed({ _tag: "Run", markup: reply.success, asked } satisfies Next)
    failure = reply.failure
  }
  return Result.fail(failure)
})

const askOne = Effect.fnUntraced(function* (
  sender: Sender,
  leg: Leg,
  target: Pick<Hook, "url" | "method">,
  asked: Asked,
  extra: Fields
) {
  const own = new Set(extra.map(([name]) => name))
  const event = asked === "Answer" ? "StartApp" : "Redirect"
  const fields = [...callFields(sender.account, leg, event).filter(([name]) => !own.has(name)), ...extra]
  const request = signed(sender, target, fields, "voice")
  const delivery = deliveryOf(target.url, sender.webhookTimeoutMs)
  const limits = { timeoutMs: delivery.timeoutMs, maxBytes: maxXmlBytes }
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
    return outcome
  })
  const again =
    sender.panel.strike("webhook-duplicated", "voice") === undefined
      ? undefined
      : yield* Effect.forkChild(Effect.exit(once))
  let outcome = yield* once
  if (again !== undefined) yield* Fiber.await(again)
  for (let left = delivery.retries; left > 0 && delivery.retried(outcome); left--) outcome = yield* once
  if (Result.isFailure(outcome)) {
    const { message, reason } = outcome.failure
    const hangup =
      reason === "too-large"
        ? invalidXml(asked)
        : reason === "bad-url" && asked !== "Answer"
          ? invalidUrl(asked)
          : unreachable(asked)
    yield* complain(leg, `${codeAndName(hangup)}: ${message}`)
    return Result.fail(hangup)
  }
  const wrong = refusal(outcome.success, asked)
  if (wrong === undefined) return Result.succeed(outcome.success.body)
  const { contentType, status } = outcome.success
  yield* complain(leg, `${codeAndName(wrong)}: HTTP ${status}, Content-Type "${contentType}"`)
  return Result.fail(wrong)
})

const refusal = (reply: ExactReply, asked: Asked): Hangup | undefined => {
  if (reply.status < 200 || reply.status > 299) return unreachable(asked)
  return xmlType.test(reply.contentType) ? undefined : invalidXml(asked)
}
