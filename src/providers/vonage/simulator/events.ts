import { Effect } from "effect"
import { iso8601, now } from "./account.ts"
import { type Call, type Final, figuresOf, type Leg } from "./leg.ts"
import { type Body, sendEvent, type Sender } from "./webhooks.ts"

const parties = ({ conversation, from, to, uuid }: Leg) => ({ from, to, uuid, conversation_uuid: conversation })

const subjectOf = (leg: Leg, status: string) => `${leg.kind === "phone" ? "status" : "stream"}:${status}`

/** An event of a leg on its way: `answered` has figures that are not known yet (Vonage: webhook reference). */
export const reportProgress = Effect.fnUntraced(function* (
  sender: Sender,
  call: Call,
  leg: Leg,
  status: "started" | "ringing" | "answered"
) {
  const { direction, headers } = leg
  const unknown = status === "answered" ? { headers, start_time: null, rate: null, network: null } : {}
  const body = { ...unknown, ...parties(leg), status, direction, timestamp: iso8601(yield* now) }
  yield* sendEvent(sender, call, leg.hook, subjectOf(leg, status), body)
})

/** The last event of a leg: `completed` with its figures, or why it never came to that. */
export const finalBody = (leg: Leg, final: Final, atMs: number): Body => {
  const { direction, headers } = leg
  const { status } = final
  const sip = final.sipCode === undefined ? {} : { sip_code: final.sipCode }
  const detail = final.detail === undefined ? {} : { detail: final.detail }
  const figures = status === "completed" ? { headers, ...figuresOf(leg) } : {}
  const by = status === "completed" ? { disconnected_by: final.by } : {}
  return { ...figures, ...detail, ...sip, ...by, ...parties(leg), status, direction, timestamp: iso8601(atMs) }
}

export const reportFinal = Effect.fnUntraced(function* (sender: Sender, call: Call, leg: Leg, final: Final) {
  yield* sendEvent(sender, call, leg.hook, subjectOf(leg, final.status), finalBody(leg, final, yield* now))
})

/** Our side closed the socket: the only event without a direction. */
export const disconnectedBody = (leg: Leg, atMs: number): Body => ({
  ...parties(leg),
  status: "disconnected",
  timestamp: iso8601(atMs),
  headers: leg.headers
})

/** A leg is in another conversation now. */
export const reportMove = Effect.fnUntraced(function* (sender: Sender, call: Call, to: string) {
  const { leg } = call
  const from = leg.conversation
  leg.conversation = to
  const body = {
    conversation_uuid_from: from,
    conversation_uuid_to: to,
    uuid: leg.uuid,
    type: "transfer",
    timestamp: iso8601(yield* now)
  }
  yield* sendEvent(sender, call, leg.hook, "status:transfer", body)
})

/** The verdict of machine detection: no call status, and `call_uuid` in place of `uuid`. */
export const reportMachine = Effect.fnUntraced(function* (
  sender: Sender,
  call: Call,
  status: "human" | "machine",
  subState?: "beep_start"
) {
  const { conversation, from, hook, to, uuid } = call.leg
  const body = {
    call_uuid: uuid,
    conversation_uuid: conversation,
    from,
    to,
    status,
    ...(subState === undefined ? {} : { sub_state: subState }),
    timestamp: iso8601(yield* now)
  }
  yield* sendEvent(sender, call, hook, "amd", body)
})
