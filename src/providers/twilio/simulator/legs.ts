import { Deferred, Effect, type Scope } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import { makeCallbackLine } from "../../../simulator/Callbacks.ts"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import { newSid, now } from "./account.ts"
import { completed, type Final, type Hook, type Leg, type Next, type StatusEvent } from "./leg.ts"
import { answer, perform, type Stage } from "./script.ts"
import type { Fields } from "./signing.ts"
import { format, frameMs } from "./stream.ts"
import { maxTwimlBytes, reportMachine, reportStatus } from "./webhooks.ts"

/** Between the carrier taking an outbound call on and its ringing, ms. */
const setupMs = 20
const defaultAnswerMs = 50
/** How long machine detection thinks, ms. */
const detectionMs = 150

export interface NewLeg {
  readonly direction: Leg["direction"]
  readonly from: string
  readonly to: string
  readonly status: { readonly hook: Hook; readonly events: ReadonlyArray<StatusEvent> } | undefined
  readonly extra: Fields
}

/** What an outbound call was asked to do. */
export interface DialPlan {
  readonly first: Next
  readonly ringSeconds: number
  readonly limitSeconds: number | undefined
  readonly detection: { readonly verdicts: "start" | "end"; readonly hook: Hook | undefined } | undefined
}

/** A call that nothing has happened to yet. Its callbacks live in `scope`. */
export const makeLeg = Effect.fnUntraced(function* (stage: Stage, scope: Scope.Scope, options: NewLeg) {
  const state = options.direction === "inbound" ? "ringing" : "queued"
  const record = makeCallRecord({ state, format, frameMs })
  const line = makeCallbackLine({
    panel: stage.panel,
    scope,
    timeoutMs: stage.webhookTimeoutMs,
    maxBytes: maxTwimlBytes,
    record: (sent) => {
      record.callbacks.push(sent)
      const { failure, status } = sent
      if (status !== undefined && status >= 400) record.errors.push(`15003 ${sent.subject} callback got HTTP ${status}`)
      if (failure !== undefined) record.errors.push(`11200 ${sent.subject} callback: ${failure}`)
      record.changed()
    }
  })
  const leg: Leg = {
    id: newSid("CA"),
    direction: options.direction,
    from: options.from,
    to: options.to,
    record,
    line,
    subscription: options.status === undefined ? undefined : { ...options.status, next: 0 },
    extra: options.extra,
    createdMs: yield* now,
    queueMs: 0,
    startedMs: undefined,
    answeredMs: undefined,
    endedMs: undefined,
    answeredBy: undefined,
    detectionMs: undefined,
    price: undefined,
    over: Deferred.makeUnsafe(),
    redirect: Deferred.makeUnsafe(),
    settled: Deferred.makeUnsafe()
  }
  return leg
})

/** Ends a call from outside its script: the person, or the REST API. The state is final at once. */
export const endLeg = Effect.fnUntraced(function* (leg: Leg, final: Final) {
  if (isOver(leg)) return
  yield* markEnded(leg, final)
  yield* Deferred.succeed(leg.over, final)
})

const markEnded = Effect.fnUntraced(function* (leg: Leg, final: Final) {
  if (isOver(leg)) return
  leg.endedMs = yield* now
  leg.record.state = final.state
  leg.record.changed()
})

/** Lives a call to its end: the script with its media, then the final callback, later the price. */
const live = Effect.fnUntraced(function* (stage: Stage, leg: Leg, life: Effect.Effect<Final>, priceAfterMs: number) {
  const final = yield* Effect.raceFirst(life, Deferred.await(leg.over))
  yield* markEnded(leg, final)
  yield* reportStatus(stage, leg, "completed", final)
  yield* leg.line.finish
  yield* Deferred.succeed(leg.settled, undefined)
  if (leg.answeredMs === undefined) return
  yield* Effect.sleep(priceAfterMs)
  leg.price = "-0.00850"
})

export const liveInbound = (stage: Stage, leg: Leg, hook: Hook, priceAfterMs: number) => {
  const life = Effect.gen(function* () {
    leg.startedMs = yield* now
    return yield* perform(stage, leg, { _tag: "Fetch", hook, extra: leg.extra })
  })
  return live(stage, leg, life, priceAfterMs)
}

export const liveOutbound = (
  stage: Stage,
  leg: Leg,
  plan: DialPlan,
  behaviour: Effect.Effect<DialBehaviour>,
  priceAfterMs: number
) => {
  const life = Effect.gen(function* () {
    yield* Effect.sleep(leg.queueMs)
    leg.startedMs = yield* now
    yield* enter(stage, leg, "initiated")
    yield* Effect.sleep(setupMs)
    yield* enter(stage, leg, "ringing")
    const person = yield* behaviour
    if (person.outcome === "no-answer") {
      yield* Effect.sleep(person.afterMs ?? plan.ringSeconds * 1000)
      return { state: "no-answer", sipCode: 487 } satisfies Final
    }
    yield* Effect.sleep(person.afterMs ?? defaultAnswerMs)
    if (person.outcome === "busy") return { state: "busy", sipCode: 486 } satisfies Final
    if (person.outcome === "failed") return { state: "failed", sipCode: person.sipCode ?? 404 } satisfies Final
    yield* answer(stage, leg)
    const limits = [plan.limitSeconds === undefined ? undefined : plan.limitSeconds * 1000, person.hangUpAfterMs]
    const limitMs = Math.min(...limits.map((ms) => ms ?? Number.POSITIVE_INFINITY))
    const talk = Effect.andThen(detect(stage, leg, plan, person.answeredBy ?? "human"), perform(stage, leg, plan.first))
    return yield* Effect.timeoutOrElse(talk, { duration: limitMs, orElse: () => Effect.succeed(completed) })
  })
  return live(stage, leg, life, priceAfterMs)
}

const enter = (stage: Stage, leg: Leg, state: "initiated" | "ringing") => {
  leg.record.state = state
  leg.record.changed()
  return reportStatus(stage, leg, state)
}

/** Machine detection: the verdict is waited for, or told later by a callback of its own when there is a hook. */
const detect = (stage: Stage, leg: Leg, plan: DialPlan, who: "human" | "machine" | "fax" | "unknown") => {
  const { detection } = plan
  if (detection === undefined) return Effect.void
  const machine = detection.verdicts === "start" ? "machine_start" : "machine_end_beep"
  const think = Effect.andThen(
    Effect.sleep(detectionMs),
    Effect.sync(() => {
      leg.answeredBy = who === "machine" ? machine : who
      leg.detectionMs = detectionMs
    })
  )
  const { hook } = detection
  if (hook === undefined) return think
  return Effect.forkChild(
    Effect.andThen(
      think,
      Effect.suspend(() => reportMachine(stage, leg, hook))
    )
  )
}

/** A redirect by the REST API: what runs is dropped. */
export const redirectLeg = (leg: Leg, next: Next) => Deferred.succeed(leg.redirect, next)

/** The person hangs up: gives up, declines, or ends the talk. */
export const personHangsUp = (leg: Leg) =>
  Effect.suspend(() => {
    if (leg.answeredMs !== undefined) return endLeg(leg, completed)
    return endLeg(
      leg,
      leg.direction === "inbound" ? { state: "canceled", sipCode: 487 } : { state: "busy", sipCode: 486 }
    )
  })
