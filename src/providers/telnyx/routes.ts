import { Effect } from "effect"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CallReports, type ProviderRoute } from "../../carrier/ProviderRoute.ts"
import { subjectOf } from "./correlation.ts"
import type { TelnyxEvent } from "./events.ts"
import { dedupeKeyOf, eventOf, isState, parseTransferLeg } from "./webhooks.ts"

/** The events that are kept in the call's log. Digits are none of them: they come over the media stream, and may be secret. */
const noted: ReadonlySet<string> = new Set(["call.bridged", "streaming.started", "streaming.stopped"])

/** Whether an event's own state names somebody else: the URL is not signed. An event without our state is believed. */
const isOfAnother = ({ payload }: TelnyxEvent, name: "call" | "transfer", id: string): boolean => {
  const subject = subjectOf(payload.client_state)
  if (subject === undefined) return false
  return "call" in subject ? name !== "call" || subject.call !== id : name !== "transfer" || subject.transfer !== id
}

/** A word of Telnyx's about a stream that failed; nothing else of its text is kept. */
const streamError = ({ payload }: TelnyxEvent) => {
  const reason = /^[a-z0-9_ -]{1,64}$/i.exec(payload.failure_reason ?? "")?.[0]
  return reason === undefined ? "The carrier could not stream." : `The carrier could not stream: ${reason}.`
}

/** Everything about a call that we placed or answered. */
const events: ProviderRoute = {
  method: "POST",
  path: "/events",
  scope: "call",
  handle: Effect.fnUntraced(function* (request, { callId, provider }) {
    const reports = yield* CallReports
    const event = yield* eventOf(request)
    const dedupeKey = dedupeKeyOf(event)
    if (isOfAnother(event, "call", callId)) return acknowledged
    if (isState(event)) yield* reports.status({ callId }, yield* provider.parseStatus(request))
    else if (event.type === "streaming.failed") {
      yield* reports.mediaFailed({ callId }, { dedupeKey, error: streamError(event) })
    } else if (noted.has(event.type)) {
      const streamId = event.payload.stream_id ?? ""
      const details = streamId === "" ? {} : { stream_id: streamId }
      yield* reports.note({ callId }, { dedupeKey, kind: event.type, details })
    }
    return acknowledged
  })
}

/** Everything about the destination's leg of a transfer. */
const transferEvents: ProviderRoute = {
  method: "POST",
  path: "/transfer-events",
  scope: "transfer",
  handle: Effect.fnUntraced(function* (request, { plan }) {
    const reports = yield* CallReports
    const event = yield* eventOf(request)
    if (isOfAnother(event, "transfer", plan.transferId)) return acknowledged
    const report = yield* parseTransferLeg(request)
    if (report !== undefined) yield* reports.transferLeg(plan.transferId, report)
    return acknowledged
  })
}

export const routes: ReadonlyArray<ProviderRoute> = [events, transferEvents]
