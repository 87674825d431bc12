import { Deferred, Effect, Option, Result, Schema, type Scope } from "effect"
import { type DeskCall, isOver } from "../../../simulator/CallDesk.ts"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import { type ExactRequest, exchange } from "../../../simulator/ExactRequest.ts"
import type { FaultPanel } from "../../../simulator/Faults.ts"
import { runMedia } from "../../../simulator/MediaClient.ts"
import type { PhonePass, SimulatedState } from "../../../simulator/SimulatorModule.ts"
import { forged, unsigned } from "./pass.ts"
import { format, frameMs, makeDialect } from "./stream.ts"

/** What the page's calls share. */
export interface Stage {
  readonly panel: FaultPanel
  readonly scope: Scope.Scope
  readonly jitterMs: number
  readonly webhookTimeoutMs: number
}

/** A call that was begun on the page. */
export interface PageCall extends DeskCall {
  /** Completed when the person hangs up. */
  readonly over: Deferred.Deferred<SimulatedState>
}

const Reply = Schema.fromJsonString(
  Schema.Union([
    Schema.Struct({ media_url: Schema.String, call_id: Schema.String }),
    Schema.Struct({ refused: Schema.String, message: Schema.String })
  ])
)
const readReply = Schema.decodeUnknownOption(Reply)

/** A reply is short. */
const maxReplyBytes = 16 * 1024

/** A call that nothing has happened to yet. */
export const newCall = (ends: { readonly id: string; readonly from: string; readonly to: string }): PageCall => ({
  ...ends,
  direction: "inbound",
  record: makeCallRecord({ state: "ringing", format, frameMs }),
  settled: Deferred.makeUnsafe(),
  over: Deferred.makeUnsafe()
})

/** The person hangs up. */
export const hangUp = (call: PageCall) =>
  Effect.suspend(() => {
    if (isOver(call)) return Effect.void
    return Deferred.succeed(call.over, call.record.state === "ringing" ? "canceled" : "completed")
  })

const become = ({ record }: PageCall, state: SimulatedState) =>
  Effect.sync(() => {
    record.state = state
    record.changed()
  })

const note = ({ record }: PageCall, kind: "answers" | "errors" | "notes", text: string) =>
  Effect.sync(() => {
    record[kind].push(text)
    record.changed()
  })

/** The pass as it is shown, with what a fault makes of it. */
const shownPass = ({ panel }: Stage, body: string) => {
  if (panel.strike("signature-wrong", "voice") !== undefined) return forged(body)
  if (panel.strike("signature-missing", "voice") !== undefined) return unsigned(body)
  return body
}

/** One delivery of the pass. */
const deliver = Effect.fnUntraced(function* (stage: Stage, call: PageCall, request: ExactRequest) {
  const limits = { timeoutMs: stage.webhookTimeoutMs, maxBytes: maxReplyBytes }
  const outcome = yield* Effect.result(exchange(request, limits))
  const { callbacks, changed } = call.record
  callbacks.push({
    subject: "voice",
    url: request.url,
    fields: {},
    headers: request.headers,
    lost: false,
    status: Result.isSuccess(outcome) ? outcome.success.status : undefined,
    failure: Result.isFailure(outcome) ? outcome.failure.message : undefined
  })
  changed()
  return outcome
})

/** Shows the pass, and gives what came back; of two deliveries at once the first answer counts. */
const show = Effect.fnUntraced(function* (stage: Stage, call: PageCall, pass: PhonePass) {
  const delivery = deliver(stage, call, {
    method: "POST",
    url: pass.inboundUrl,
    headers: { "Content-Type": "text/plain" },
    body: shownPass(stage, pass.body)
  })
  const twice = stage.panel.strike("webhook-duplicated", "voice") !== undefined
  if (twice) yield* Effect.forkIn(Effect.delay(delivery, 1), stage.scope)
  return yield* delivery
})

/** What a page of the service's own says where it comes from. */
const originHeader = (mediaUrl: string): Readonly<Record<string, string>> => {
  const origin = URL.parse(mediaUrl.replace(/^ws/, "http"))?.origin
  return origin === undefined ? {} : { Origin: origin }
}

const talk = Effect.fnUntraced(function* (stage: Stage, call: PageCall, mediaUrl: string, callId: string) {
  const end = yield* runMedia({
    url: mediaUrl,
    headers: originHeader(mediaUrl),
    dialect: makeDialect(callId),
    record: call.record,
    panel: stage.panel,
    jitterMs: stage.jitterMs,
    onStarted: become(call, "in-progress")
  })
  return end._tag === "Closed" && end.code === 1000 ? "completed" : "failed"
})

const converse = Effect.fnUntraced(function* (stage: Stage, call: PageCall, pass: PhonePass | undefined) {
  if (pass === undefined) {
    yield* note(call, "errors", "the page was given no pass: there is no service to call")
    return "failed"
  }
  const outcome = yield* show(stage, call, pass)
  if (Result.isFailure(outcome)) {
    yield* note(call, "errors", outcome.failure.message)
    return "failed"
  }
  const { body, status } = outcome.success
  yield* note(call, "answers", body)
  const reply = status === 200 ? Option.getOrUndefined(readReply(body)) : undefined
  if (reply === undefined) {
    yield* note(call, "errors", `the pass was answered with HTTP ${status}`)
    return "failed"
  }
  if ("refused" in reply) {
    yield* note(call, "notes", `refused: ${reply.message}`)
    return "failed"
  }
  return yield* talk(stage, call, reply.media_url, reply.call_id)
})

/** Lives a call to its end. */
export const liveCall = Effect.fnUntraced(function* (stage: Stage, call: PageCall, pass: PhonePass | undefined) {
  const state = yield* Effect.raceFirst(converse(stage, call, pass), Deferred.await(call.over))
  yield* become(call, state)
  yield* Deferred.succeed(call.settled, undefined)
})
