import { Deferred, Effect, Exit, Scope } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { makeCallbackLine } from "../../../simulator/Callbacks.ts"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import { newId, now } from "./account.ts"
import {
  busyLine,
  canceledBy,
  type Hangup,
  machineDetected,
  noAnswer,
  normalHangup,
  refusedWith,
  rejected,
  ringTimeout,
  scheduled
} from "./hangups.ts"
import type { Hook } from "./hook.ts"
import { isRinging, type Leg, type Next } from "./leg.ts"
import { answer, perform } from "./script.ts"
import type { Fields } from "./signing.ts"
import type { Stage } from "./stage.ts"
import { format, frameMs } from "./stream.ts"
import { maxXmlBytes, reportHangup, reportMachine, reportRing } from "./webhooks.ts"

/** Between the carrier taking an outbound call on and its ringing, ms. */
const setupMs = 20
const defaultAnswerMs = 50
/** How long machine detection thinks, ms. */
const detectionMs = 150

export interface NewLeg {
  readonly direction: Leg["direction"]
  readonly from: string
  readonly to: string
  readonly requestId: string | undefined
  readonly callerName: string
  readonly parentId: string | undefined
  readonly hooks: Leg["hooks"]
  readonly extra: Fields
}

/** What an outbound call was asked to do. */
export interface DialPlan {
  readonly first: Next
  readonly ringSeconds: number
  readonly limitSeconds: number
  readonly detection: { readonly ifMachine: "continue" | "hangup"; readonly hook: Hook | undefined } | undefined
}

/** A call that nothing has happened to yet. Its callbacks live in `scope`. */
export const makeLeg = Effect.fnUntraced(function* (stage: Stage, scope: Scope.Scope, options: NewLeg) {
  const state = options.direction === "inbound" ? "ringing" : "queued"
  const record = makeCallRecord({ state, format, frameMs })
  const line = makeCallbackLine({
    panel: stage.panel,
    scope,
    timeoutMs: stage.webhookTimeoutMs,
    maxBytes: maxXmlBytes,
    record: (sent) => {
      record.callbacks.push(sent)
      const { failure, status, subject } = sent
      if (status !== undefined && (status < 200 || status > 299))
        record.errors.push(`${subject} callback: HTTP ${status}`)
      if (failure !== undefined) record.errors.push(`${subject} callback: ${failure}`)
      record.changed()
    }
  })
  const id = newId()
  const leg: Leg = {
    id,
    requestId: options.requestId ?? id,
    direction: options.direction,
    from: options.from,
    to: options.to,
    callerName: options.callerName,
    parentId: options.parentId,
    record,
    line,
    hooks: options.hooks,
    extra: options.extra,
    scope: yield* Scope.fork(scope),
    createdMs: yield* now,
    queueMs: 0,
    ringingMs: undefined,
    answeredMs: undefined,
    endedMs: undefined,
    ending: undefined,
    machine: undefined,
    rated: false,
    transfers: 0,
    streams: [],
    partner: undefined,
    over: Deferred.makeUnsafe(),
    transfer: Deferred.makeUnsafe(),
    settled: Deferred.makeUnsafe()
  }
  return leg
})

/** Ends a call from outside its script: the person, or the REST API. The state is final at once. */
export const endLeg = Effect.fnUntraced(function* (leg: Leg, hangup: Hangup) {
  if (isOver(leg)) return
  yield* markEnded(leg, hangup)
  yield* Deferred.succeed(leg.over, hangup)
})

const markEnded = Effect.fnUntraced(function* (leg: Leg, hangup: Hangup) {
  if (isOver(leg)) return
  leg.endedMs = yield* now
  leg.ending = hangup
  leg.record.state = leg.answeredMs === undefined ? hangup.unanswered.state : "completed"
  leg.record.changed()
})

/** Lives a call to its end: the script with its media, then the hangup callback, later the price. */
const live = Effect.fnUntraced(function* (stage: Stage, leg: Leg, life: Effect.Effect<Hangup>, priceAfterMs: number) {
  const hangup = yield* Effect.raceFirst(life, Deferred.await(leg.over))
  yield* markEnded(leg, hangup)
  yield* Scope.close(leg.scope, Exit.void)
  yield* reportHangup(stage, leg, leg.ending ?? hangup)
  yield* leg.line.finish
  yield* Deferred.succeed(leg.settled, undefined)
  yield* Effect.sleep(priceAfterMs)
  leg.rated = true
})

export const liveInbound = (stage: Stage, leg: Leg, first: Next | Hangup, priceAfterMs: number) => {
  leg.ringingMs = leg.createdMs
  return live(stage, leg, "_tag" in first ? perform(stage, leg, first) : Effect.succeed(first), priceAfterMs)
}

/** A call that our side or a `<Dial>` placed. `refused`: the carrier does not even ring. */
export const liveOutbound = (
  stage: Stage,
  leg: Leg,
  plan: DialPlan,
  options: {
    readonly behaviour: Effect.Effect<DialBehaviour>
    readonly refused: Hangup | undefined
    readonly priceAfterMs: number
  }
) => {
  const life = Effect.gen(function* () {
    yield* Effect.sleep(leg.queueMs)
    leg.record.state = "initiated"
    leg.record.changed()
    yield* Effect.sleep(setupMs)
    if (options.refused !== undefined) return options.refused
    leg.ringingMs = yield* now
    leg.record.state = "ringing"
    leg.record.changed()
    yield* reportRing(stage, leg)
    const unanswered = yield* Effect.timeoutOrElse(ring(options.behaviour), {
      duration: plan.ringSeconds * 1000,
      orElse: () => Effect.succeed(ringTimeout)
    })
    if ("code" in unanswered) return unanswered
    yield* answer(leg)
    const talk = converse(stage, leg, plan, unanswered)
    const limited = Effect.timeoutOrElse(talk, {
      duration: plan.limitSeconds * 1000,
      orElse: () => Effect.succeed(scheduled)
    })
    const { hangUpAfterMs } = unanswered
    if (hangUpAfterMs === undefined) return yield* limited
    return yield* Effect.raceFirst(limited, Effect.as(Effect.sleep(hangUpAfterMs), normalHangup("Callee")))
  })
  return live(stage, leg, life, options.priceAfterMs)
}

type Answered = Extract<DialBehaviour, { readonly outcome: "answer" }>

/** The destination rings: somebody answers, or the reason why not. */
const ring = Effect.fnUntraced(function* (behaviour: Effect.Effect<DialBehaviour>) {
  const person = yield* behaviour
  if (person.outcome === "no-answer") {
    yield* person.afterMs === undefined ? Effect.never : Effect.sleep(person.afterMs)
    return noAnswer
  }
  yield* Effect.sleep(person.afterMs ?? defaultAnswerMs)
  switch (person.outcome) {
    case "answer":
      return person
    case "busy":
      return busyLine("Callee")
    case "failed":
      return refusedWith(person.sipCode ?? 404)
  }
})

/**
 * Machine detection, then the answer URL. With a URL of its own the verdict is told there while the call goes on; without,
 * the answer webhook waits for it and carries it as `Machine`.
 */
const converse = Effect.fnUntraced(function* (stage: Stage, leg: Leg, plan: DialPlan, person: Answered) {
  const { detection, first } = plan
  if (detection === undefined) return yield* perform(stage, leg, first)
  const { hook, ifMachine } = detection
  const verdict = Effect.gen(function* () {
    yield* Effect.sleep(detectionMs)
    leg.machine = person.answeredBy === "machine" || person.answeredBy === "fax"
    if (hook !== undefined) yield* reportMachine(stage, leg, hook, ifMachine)
    return leg.machine && ifMachine === "hangup"
  })
  if (hook !== undefined) {
    const watched = Effect.flatMap(verdict, (ends) => (ends ? Effect.succeed(machineDetected) : Effect.never))
    return yield* Effect.raceFirst(perform(stage, leg, first), watched)
  }
  if (yield* verdict) return machineDetected
  const told: Fields = [["Machine", String(leg.machine ?? false)]]
  return yield* perform(stage, leg, first._tag === "Fetch" ? { ...first, extra: [...first.extra, ...told] } : first)
})

/** A transfer by the REST API: what runs is dropped. */
export const transferLeg = (leg: Leg, next: Next) => Deferred.succeed(leg.transfer, next)

/** The person hangs up: gives up, declines, or ends the talk. */
export const personHangsUp = (leg: Leg) =>
  Effect.suspend(() => {
    const person = leg.direction === "inbound" ? "Caller" : "Callee"
    if (leg.answeredMs !== undefined) return endLeg(leg, normalHangup(person))
    if (leg.direction === "inbound") return endLeg(leg, canceledBy(person))
    return endLeg(leg, isRinging(leg) ? rejected(person) : canceledBy(person))
  })
