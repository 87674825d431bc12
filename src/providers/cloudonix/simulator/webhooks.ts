import { createHmac, randomUUID } from "node:crypto"
import { Effect, Fiber, Result } from "effect"
import { exchange, type ExactReply, type ExactRequest } from "../../../simulator/ExactRequest.ts"
import { iso8601, newKey, now, profileText, shortName } from "./domain.ts"
import { complain, type Fields, type Hook, type Leg, type Next, type SessionStatus, type Stage } from "./leg.ts"
import { cdrBody, sessionData, updateBody } from "./sessionBody.ts"

/** Largest document that is read, bytes. Unpublished. */
export const maxCxmlBytes = 64 * 1024

export const userAgent = "cloudonix-vapp/1.0"

type Body = Readonly<Record<string, unknown>>

/** A body as flat text, for assertions. */
const flat = (body: Body): Fields =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])
  )

/** A body as JSON by POST, or its fields in the query by GET. */
const requestOf = (hook: Hook, body: unknown, query: Fields, headers: Fields = {}): ExactRequest => {
  const common = { "User-Agent": userAgent, Accept: "*/*", ...headers }
  const bare = hook.url.replace(/#.*$/, "")
  if (hook.method === "GET") {
    const url = `${bare}${bare.includes("?") ? "&" : "?"}${new URLSearchParams(query).toString()}`
    return { method: "GET", url, headers: common }
  }
  return {
    method: "POST",
    url: bare,
    headers: { "Content-Type": "application/json", ...common },
    body: JSON.stringify(body)
  }
}

/** Voice requests carry a static key and no signature. */
const voiceHeaders = ({ domain, panel, settings }: Stage, leg: Leg): Fields => {
  const about = { "X-CX-Domain": domain.name, "X-CX-Session": leg.id, "X-CX-Source": "10.0.0.1" }
  if (panel.strike("signature-missing", "voice") !== undefined) return about
  const isWrong = panel.strike("signature-wrong", "voice") !== undefined
  const authorization = profileText(domain, "authorization-api-key")
  return {
    ...about,
    "X-CX-APIKey": isWrong ? newKey() : (settings.webhookApiKey ?? domain.bearerToken),
    ...(authorization === undefined ? {} : { Authorization: `Bearer ${isWrong ? newKey() : authorization}` })
  }
}

const directionOf = (leg: Leg) => (leg.direction === "inbound" ? "inbound" : "outbound-api")

/** The fields of a voice application request (Cloudonix: voice application, request). */
const voiceBody = ({ domain, settings }: Stage, leg: Leg, extra: Fields): Body => {
  const written = (number: string) => (settings.voiceNumbers === "bare" ? number.replace(/^\+/, "") : number)
  const account = settings.voiceDomain === "full" ? domain.name : shortName(domain)
  const body: Body = {
    CallSid: leg.id,
    Session: leg.id,
    From: written(leg.from),
    To: written(leg.to),
    CallerName: "",
    Direction: directionOf(leg),
    CallStatus: "in-progress",
    Domain: account,
    AccountSid: account,
    ApiVersion: "1",
    SessionData: sessionData(domain, leg, written),
    ...(leg.answeredBy === undefined ? {} : { AnsweredBy: leg.answeredBy }),
    ...extra
  }
  return Object.fromEntries(Object.entries(body).filter(([name]) => !settings.voiceFieldsLeftOut.includes(name)))
}

/** Queues a callback of a session. */
const send = (leg: Leg, subject: string, hook: Hook, body: Body) => {
  const fields = flat(body)
  return leg.line.send({ subject, request: requestOf(hook, body, fields), fields })
}

/** The signature of a status callback, where the account has one: hex of HMAC-SHA256 over the body's bytes. */
export const sign = (secret: string, body: string) => createHmac("sha256", secret).update(body, "utf8").digest("hex")

const signatureHeaders = ({ panel, settings }: Stage, subject: string, body: string, atMs: number): Fields => {
  const { signatureSecret } = settings
  if (signatureSecret === undefined || panel.strike("signature-missing", subject) !== undefined) return {}
  const isWrong = panel.strike("signature-wrong", subject) !== undefined
  return {
    "X-Cloudonix-Signature": sign(isWrong ? `not-${signatureSecret}` : signatureSecret, body),
    "X-Cloudonix-Timestamp": String(Math.floor(atMs / 1000))
  }
}

/** Tells a status `times` times over: updates repeat themselves a lot, each with an event id of its own. */
export const reportSession = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  status: SessionStatus,
  times: number
) {
  const { domain, settings } = stage
  leg.status = status
  leg.modifiedMs = yield* now
  // The name of the domain's own setting is not in the documents read.
  const targets = [leg.callback, profileText(domain, "session-update-endpoint")]
  for (const url of targets) {
    if (url === undefined) continue
    for (let time = 0; time < times; time++) {
      const subject = `status:${status}`
      const body = updateBody(domain, leg, status, leg.modifiedMs + time)
      const sent = settings.updates === "list" ? [body] : body
      const headers = signatureHeaders(stage, subject, JSON.stringify(sent), leg.modifiedMs)
      const request = requestOf({ url, method: "POST" }, sent, {}, headers)
      yield* leg.line.send({ subject, request, fields: flat(body) })
    }
  }
})

/** Queues the call detail record, if the domain has an address for it. It carries no key at all. */
export const reportCdr = Effect.fnUntraced(function* ({ domain, settings }: Stage, leg: Leg) {
  const url = profileText(domain, "cdr-endpoint")
  // `ws:`, `wss:` and `s3:` are possible targets that this fake does not have.
  if (url === undefined || !/^https?:/.test(url)) return
  yield* send(leg, "cdr", { url, method: "POST" }, cdrBody(domain, leg, settings.cdr))
})

/** Queues a conference event. Only `StatusCallbackEvent`, `Session` and that there is a name are known; the rest is as elsewhere. */
export const reportConference = Effect.fnUntraced(function* (
  { domain }: Stage,
  leg: Leg,
  conference: { readonly name: string; readonly hook: Hook },
  event: string
) {
  yield* send(leg, `conference:${event}`, conference.hook, {
    StatusCallbackEvent: event,
    Session: leg.id,
    ConferenceName: conference.name,
    FriendlyName: conference.name,
    Domain: domain.name,
    AccountSid: domain.name,
    Timestamp: iso8601(yield* now)
  })
})

/** Queues a stream event; assumed to be like those of the stream protocol that this one copies. */
export const reportStream = Effect.fnUntraced(function* (
  { domain }: Stage,
  leg: Leg,
  stream: { readonly sid: string; readonly callSid: string; readonly name: string | undefined; readonly hook: Hook },
  event: "stream-started" | "stream-stopped" | "stream-error",
  error?: string
) {
  yield* send(leg, `stream:${event}`, stream.hook, {
    AccountSid: domain.name,
    CallSid: stream.callSid,
    Session: leg.id,
    StreamSid: stream.sid,
    ...(stream.name === undefined ? {} : { StreamName: stream.name }),
    StreamEvent: event,
    ...(error === undefined ? {} : { StreamError: error }),
    Timestamp: iso8601(yield* now)
  })
})

/** Queues the verdict of machine detection; its fields are undocumented and assumed. */
export const reportMachine = (stage: Stage, leg: Leg, hook: Hook, thoughtMs: number) =>
  send(leg, "amd", hook, {
    AccountSid: stage.domain.name,
    CallSid: leg.id,
    Session: leg.id,
    AnsweredBy: leg.answeredBy ?? "unknown",
    MachineDetectionDuration: String(thoughtMs)
  })

const xmlType = /^(text|application)\/xml\b/i

const refusal = (reply: ExactReply): string | undefined => {
  if (reply.status < 200 || reply.status > 299) return `voice request: HTTP ${reply.status}`
  return xmlType.test(reply.contentType) ? undefined : `voice request: the content type is "${reply.contentType}"`
}

/** Asks a hook what to do with the session. Undefined when it had no answer: the error is in the record. */
export const ask = Effect.fnUntraced(function* (stage: Stage, leg: Leg, hook: Hook, extra: Fields) {
  const { panel, settings } = stage
  const body = voiceBody(stage, leg, extra)
  const fields = flat(body)
  const request = requestOf(hook, body, fields, voiceHeaders(stage, leg))
  const limits = { timeoutMs: settings.webhookTimeoutMs, maxBytes: maxCxmlBytes }
  const once = Effect.gen(function* () {
    const outcome = yield* Effect.result(exchange(request, limits))
    const succeeded = Result.isSuccess(outcome)
    leg.record.callbacks.push({
      subject: "voice",
      url: request.url,
      fields,
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
    panel.strike("webhook-duplicated", "voice") === undefined ? undefined : yield* Effect.forkChild(Effect.exit(once))
  const outcome = yield* Effect.result(once)
  if (again !== undefined) yield* Fiber.await(again)
  const wrong = Result.isSuccess(outcome) ? refusal(outcome.success) : `voice request: ${outcome.failure.message}`
  if (wrong !== undefined || Result.isFailure(outcome)) {
    yield* complain(leg, wrong ?? "voice request: no answer")
    return undefined
  }
  return { _tag: "Run", markup: outcome.success.body, baseUrl: hook.url } satisfies Next
})

/** A new SIP Call-ID. */
export const newSipCallId = () => randomUUID().replaceAll("-", "").slice(0, 14)
