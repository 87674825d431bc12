import { randomUUID } from "node:crypto"
import { Effect, Result } from "effect"
import type { Callback } from "../../../simulator/Callbacks.ts"
import type { ExactReply, ExactRequest, RequestFailed } from "../../../simulator/ExactRequest.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { type Account, microTime } from "./account.ts"
import { commonPayload, type Leg } from "./leg.ts"
import { sign } from "./signing.ts"

/** What all events of one fake account are made with. */
export interface Sender {
  readonly account: Account
  readonly panel: FaultPanel
  /** Unix time, ms. */
  readonly nowMs: () => number
}

export type Payload = Readonly<Record<string, unknown>>

/** How long Telnyx waits for a 2xx unless the application has its own figure. */
export const webhookTimeoutMs = 2000
/** Telnyx does not publish how often it tries one address; this many times more, after so many ms each. */
const defaultRetriesMs: ReadonlyArray<number> = [500, 1000]
const staleMs = 600_000

const words: Readonly<Record<string, string>> = {
  "call.initiated": "status:initiated",
  "call.answered": "status:answered",
  "call.hangup": "status:completed"
}

/** What a fault's `only` is matched against: the words that all fake carriers share where there are any. */
export const subjectOf = (eventType: string) => {
  if (eventType.startsWith("call.machine.")) return "amd"
  if (eventType.startsWith("streaming.")) return eventType.replace("streaming.", "stream:")
  return words[eventType] ?? `status:${eventType}`
}

/** Version 1 of the webhooks has underscores where version 2 has dots. */
const nameOf = (leg: Leg, eventType: string) =>
  leg.application.webhookApiVersion === "1" ? eventType.replaceAll(".", "_") : eventType

/** Hang-ups are written for people, with a newline at the end: only who verifies the bytes as they came gets both kinds right. */
const encode = (eventType: string, body: unknown) =>
  eventType === "call.hangup" ? `${JSON.stringify(body, undefined, 2)}\n` : JSON.stringify(body)

const signedHeaders = (sender: Sender, body: string, subject: string): Readonly<Record<string, string>> => {
  const { account, panel } = sender
  if (panel.strike("signature-missing", subject) !== undefined) return {}
  const wrong = panel.strike("signature-wrong", subject) !== undefined
  const age = panel.strike("signature-stale", subject) === undefined ? 0 : staleMs
  const timestamp = String(Math.floor((sender.nowMs() - age) / 1000))
  const key = wrong ? account.otherKey : account.signingKey
  return { "telnyx-signature-ed25519": sign(key, timestamp, body), "telnyx-timestamp": timestamp }
}

/** 408, 429, 5xx and no answer in time are tried again; every other answer that is no 2xx is not (Telnyx: webhooks). */
const isRetried = (outcome: Result.Result<ExactReply, RequestFailed>) => {
  if (Result.isFailure(outcome)) return outcome.failure.reason !== "bad-url"
  const { status } = outcome.success
  return status === 408 || status === 429 || status >= 500
}

/** The members of a payload that are texts, numbers or booleans, for assertions. */
const fieldsOf = (payload: Payload) =>
  Object.fromEntries(
    Object.entries(payload).flatMap(([name, value]) =>
      typeof value === "string" || typeof value === "number" || typeof value === "boolean"
        ? [[name, String(value)]]
        : []
    )
  )

/**
 * An event, ready to be sent; what comes after a failure is the same event with the same `id`, one `meta.attempt` later and signed
 * anew (whether Telnyx signs again is not confirmed; a second signature is what an old timestamp would make necessary).
 */
const eventCallback = (
  sender: Sender,
  leg: Leg,
  eventType: string,
  payload: Payload,
  options: { readonly subject: string; readonly onReply?: (body: string) => void }
): Callback | undefined => {
  const { byEvent, failoverUrl, retriesByEvent, url } = leg.target
  const retries = retriesByEvent.get(eventType) ?? defaultRetriesMs
  const addresses = [byEvent.get(eventType) ?? url, failoverUrl].filter((address) => address !== "")
  const deliveries = addresses.flatMap((address) => [0, ...retries].map((afterMs) => ({ address, afterMs })))
  const event_type = nameOf(leg, eventType)
  const id = randomUUID()
  const occurred_at = microTime(sender.nowMs())
  const fields = { ...fieldsOf(payload), event_type, id, occurred_at }

  const attempt = (index: number): Callback | undefined => {
    const delivery = deliveries[index]
    if (delivery === undefined) return undefined
    const body = encode(eventType, {
      data: { record_type: "event", event_type, id, occurred_at, payload },
      meta: { attempt: index + 1, delivered_to: delivery.address }
    })
    const request: ExactRequest = {
      method: "POST",
      url: delivery.address,
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "telnyx-webhooks",
        ...signedHeaders(sender, body, options.subject)
      },
      body
    }
    return {
      subject: options.subject,
      request,
      fields: { ...fields, attempt: String(index + 1) },
      ...(index === 0 ? {} : { afterMs: delivery.afterMs }),
      followUp: (outcome) => {
        if (Result.isSuccess(outcome)) options.onReply?.(outcome.success.body)
        return isRetried(outcome) ? attempt(index + 1) : undefined
      }
    }
  }
  return attempt(0)
}

/** Queues an event about a leg. Events of a leg go out in order, but do not wait for another one's retries. */
export const report = (sender: Sender, leg: Leg, eventType: string, more: Payload = {}) =>
  Effect.suspend(() => {
    const payload = { ...commonPayload(leg), ...more }
    const callback = eventCallback(sender, leg, eventType, payload, { subject: subjectOf(eventType) })
    return callback === undefined ? Effect.void : leg.line.send(callback)
  })

/** Sends the event that announces an inbound call, twice at once under the fault. What is answered has no effect. */
export const announce = (sender: Sender, leg: Leg, more: Payload) =>
  Effect.suspend(() => {
    const payload = { ...commonPayload(leg), ...more }
    const onReply = (body: string) => {
      leg.record.answers.push(body)
      leg.record.changed()
    }
    const callback = eventCallback(sender, leg, "call.initiated", payload, { subject: "voice", onReply })
    if (callback === undefined) return Effect.void
    const twice = sender.panel.strike("webhook-duplicated", "voice") !== undefined
    const lines = leg.announcements.slice(0, twice ? 2 : 1)
    return Effect.forEach(lines, (line) => line.send(callback), { discard: true })
  })
