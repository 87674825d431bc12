import { randomUUID } from "node:crypto"
import { Deferred, Effect } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { makeCallbackLine } from "../../../simulator/Callbacks.ts"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { type Application, microTime, newCallControlId } from "./account.ts"
import { cleared, type EventTarget, type Final, type Leg } from "./leg.ts"
import type { Stage } from "./stage.ts"
import { frameMs } from "./stream.ts"
import { stopStream } from "./streaming.ts"
import { formatOf } from "./streamOptions.ts"
import { report, webhookTimeoutMs } from "./webhooks.ts"

/** What is read of an answer to an event. */
const maxReplyBytes = 64 * 1024

export interface NewLeg {
  readonly direction: Leg["direction"]
  readonly from: string
  readonly to: string
  readonly application: Application
  readonly codec: Leg["codec"]
  readonly target: EventTarget
  readonly clientState?: string | undefined
  /** The session of the leg that this one is linked to. */
  readonly sessionId?: string | undefined
  readonly extra?: Readonly<Record<string, string>> | undefined
}

/** Where the events of a call go that has no address of its own. */
export const targetOf = (application: Application): EventTarget => ({
  url: application.webhookUrl,
  failoverUrl: application.webhookFailoverUrl,
  byEvent: new Map(),
  retriesByEvent: new Map()
})

/** A leg that nothing has happened to yet. */
export const makeLeg = (stage: Stage, options: NewLeg): Leg => {
  const { application, codec, direction, from, target, to } = options
  const format = formatOf(codec)
  const record = makeCallRecord({ state: direction === "inbound" ? "ringing" : "queued", format, frameMs })
  const seconds = application.webhookTimeoutSecs
  const timeoutMs = seconds === null || seconds === 0 ? webhookTimeoutMs : seconds * 1000
  const lineOn = (panel: FaultPanel) =>
    makeCallbackLine({
      panel,
      scope: stage.scope,
      timeoutMs: stage.webhookTimeoutMs ?? timeoutMs,
      maxBytes: maxReplyBytes,
      record: (sent) => {
        record.callbacks.push(sent)
        const name = sent.fields["event_type"] ?? sent.subject
        if (sent.failure !== undefined) record.errors.push(`webhook ${name}: ${sent.failure}`)
        if (sent.status !== undefined && (sent.status < 200 || sent.status > 299)) {
          record.errors.push(`webhook ${name} got HTTP ${sent.status}`)
        }
        record.changed()
      }
    })
  const faultless: FaultPanel = { ...stage.panel, strike: () => undefined }
  return {
    id: newCallControlId(),
    legId: randomUUID(),
    sessionId: options.sessionId ?? randomUUID(),
    direction,
    from,
    to,
    record,
    line: lineOn(stage.panel),
    announcements: [lineOn(faultless), lineOn(faultless)],
    application,
    codec,
    format,
    target,
    clientState: options.clientState ?? null,
    extra: options.extra ?? {},
    createdMs: stage.nowMs(),
    queueMs: 0,
    answeredMs: undefined,
    endedMs: undefined,
    answered: Deferred.makeUnsafe(),
    over: Deferred.makeUnsafe(),
    settled: Deferred.makeUnsafe(),
    commands: new Map(),
    stream: undefined,
    place: undefined,
    recording: undefined
  }
}

const markEnded = (stage: Stage, leg: Leg, final: Final) => {
  if (isOver(leg)) return
  leg.endedMs = stage.nowMs()
  leg.record.state = final.state
  leg.record.changed()
}

/** Ends a leg from outside its own life: the person, the REST API, or the leg that it was joined with. */
export const endLeg = (stage: Stage, leg: Leg, final: Final) =>
  Effect.suspend(() => {
    if (isOver(leg)) return Effect.void
    markEnded(stage, leg, final)
    return Deferred.succeed(leg.over, final)
  })

/** Picks the phone up, once. `stream` is what `call.answered` repeats of the stream that was asked for. */
export const answerLeg = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  stream: { readonly url: string; readonly track: string } | undefined
) {
  leg.answeredMs = stage.nowMs()
  leg.record.state = "in-progress"
  leg.record.changed()
  yield* report(stage, leg, "call.answered", {
    calling_party_type: "pstn",
    codec: leg.codec,
    sampling_rate: 8000,
    start_time: microTime(leg.createdMs),
    // Captured inbound calls have no state here.
    ...(leg.direction === "outbound" ? { state: "answered" } : {}),
    ...(stream === undefined ? {} : { stream_url: stream.url, stream_track: stream.track })
  })
  yield* Deferred.succeed(leg.answered, undefined)
})

const costOf = (leg: Leg, nowMs: number) => {
  const talkedMs = leg.answeredMs === undefined || leg.endedMs === undefined ? 0 : leg.endedMs - leg.answeredMs
  const minutes = Math.ceil(talkedMs / 60_000)
  const part = (call_part: string, rate: number) => ({
    call_part,
    cost: (minutes * rate).toFixed(4),
    currency: "USD",
    rate: rate.toFixed(4),
    billed_duration_secs: minutes * 60
  })
  return {
    billed_duration_secs: minutes * 60,
    total_cost: (minutes * 0.0105).toFixed(4),
    status: "success",
    cost_parts: [part("sip-trunking", 0.007), part("call-control", 0.0035)],
    occurred_at: microTime(nowMs)
  }
}

/** Lives a leg to its end, and tells it: the stream first, then who it was with, then the hang-up, later the cost. */
export const live = Effect.fnUntraced(function* (stage: Stage, leg: Leg, life: Effect.Effect<Final>) {
  const final = yield* Effect.raceFirst(life, Deferred.await(leg.over))
  markEnded(stage, leg, final)
  yield* stopStream(leg)
  if (leg.place !== undefined) yield* leg.place.leave
  yield* report(stage, leg, "call.hangup", {
    hangup_cause: final.cause,
    hangup_source: final.source,
    sip_hangup_cause: final.sipCause,
    start_time: microTime(leg.createdMs),
    end_time: microTime(leg.endedMs ?? stage.nowMs()),
    state: "hangup",
    call_quality_stats: null
  })
  if (leg.application.callCostInWebhooks) {
    yield* Effect.sleep(stage.priceAfterMs)
    yield* report(stage, leg, "call.cost", costOf(leg, stage.nowMs()))
  }
  yield* leg.line.finish
  yield* Effect.forEach(leg.announcements, ({ finish }) => finish, { discard: true })
  yield* Deferred.succeed(leg.settled, undefined)
})

/** The person hangs up: gives up, declines, or ends the talk. */
export const personHangsUp = (stage: Stage, leg: Leg) =>
  Effect.suspend(() => {
    const inbound = leg.direction === "inbound"
    if (leg.answeredMs !== undefined) return endLeg(stage, leg, cleared(inbound ? "caller" : "callee"))
    const final: Final = inbound
      ? { state: "canceled", cause: "originator_cancel", source: "caller", sipCause: "487" }
      : // Who declines is busy in SIP, and the cause is yet another one.
        { state: "busy", cause: "call_rejected", source: "callee", sipCause: "486" }
    return endLeg(stage, leg, final)
  })
