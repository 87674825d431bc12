import { Deferred, Effect, Fiber, type Scope } from "effect"
import { makeCallbackLine } from "../../../simulator/Callbacks.ts"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import { newToken, now } from "./domain.ts"
import {
  busy,
  complain,
  completed,
  failed,
  type Final,
  type Hook,
  type Leg,
  type Next,
  noAnswer,
  type Stage
} from "./leg.ts"
import { answer, keepTimeLimit, markEnded } from "./lifecycle.ts"
import { perform, type Runner } from "./script.ts"
import { format, frameMs } from "./stream.ts"
import { maxCxmlBytes, newSipCallId, reportCdr, reportMachine, reportSession } from "./webhooks.ts"

/** Delays where a behaviour names none, ms. */
const setupMs = 20
const defaultAnswerMs = 50
/** How long machine detection thinks, ms. */
const detectionMs = 150

export type NewLeg = Pick<
  Leg,
  "direction" | "from" | "to" | "callback" | "trunk" | "application" | "extra" | "profile" | "timeLimit"
>

/** What an outbound session was asked to do. */
export interface DialPlan {
  /** Undefined: the second leg of a routed call, which has no application of its own. */
  readonly first: Next | undefined
  readonly ringSeconds: number
  readonly detection: { readonly hook: Hook | undefined } | undefined
  /** How long the request waits for its turn, ms. */
  readonly queueMs: number
}

/** A session that nothing has happened to yet. Its callbacks live in `scope`. */
export const makeLeg = Effect.fnUntraced(function* (stage: Stage, scope: Scope.Scope, options: NewLeg) {
  const state = options.direction === "inbound" ? "ringing" : "initiated"
  const record = makeCallRecord({ state, format, frameMs })
  const createdMs = yield* now
  const leg: Leg = {
    ...options,
    id: newToken(),
    number: stage.domain.nextId(),
    record,
    line: makeCallbackLine({
      panel: stage.panel,
      scope,
      timeoutMs: stage.settings.webhookTimeoutMs,
      maxBytes: maxCxmlBytes,
      record: (sent) => {
        record.callbacks.push(sent)
        const { failure, status, subject } = sent
        if (status !== undefined && status >= 300) record.errors.push(`${subject}: HTTP ${status}`)
        if (failure !== undefined) record.errors.push(`${subject}: ${failure}`)
        record.changed()
      }
    }),
    sipCallId: newSipCallId(),
    createdMs,
    status: "new",
    modifiedMs: createdMs,
    answeredMs: undefined,
    endedMs: undefined,
    answeredBy: undefined,
    timer: undefined,
    over: Deferred.makeUnsafe(),
    switched: Deferred.makeUnsafe(),
    settled: Deferred.makeUnsafe()
  }
  return leg
})

/** Lives a session to its end: the script with its media, then what is told of its end. */
const live = Effect.fnUntraced(function* (runner: Runner, leg: Leg, life: Effect.Effect<Final>) {
  const final = yield* Effect.raceFirst(life, Deferred.await(leg.over))
  yield* markEnded(leg, final)
  if (leg.timer !== undefined) yield* Fiber.interrupt(leg.timer)
  const { finalUpdate } = runner.settings
  if (leg.answeredMs === undefined) yield* reportSession(runner, leg, leg.status, 4)
  else if (finalUpdate === "completed") yield* reportSession(runner, leg, "completed", 1)
  else if (finalUpdate === "end-time") yield* reportSession(runner, leg, "connected", 1)
  if (leg.answeredMs !== undefined) leg.status = "completed"
  yield* reportCdr(runner, leg)
  yield* leg.line.finish
  yield* Deferred.succeed(leg.settled, undefined)
})

/** `hook` undefined: no application takes the call. */
export const liveInbound = (runner: Runner, leg: Leg, hook: Hook | undefined) => {
  const life = Effect.gen(function* () {
    yield* reportSession(runner, leg, "new", 1)
    yield* reportSession(runner, leg, "processing", 4)
    if (hook === undefined) {
      yield* complain(leg, "no application takes this call: no DNID matches, or its application has no URL")
      return failed("error")
    }
    return yield* perform(runner, leg, { _tag: "Fetch", hook, extra: leg.extra })
  })
  return live(runner, leg, life)
}

/** SIP codes that a destination fails with, in the words of session statuses; the pairs are this fake's own. */
const failedWith = (sipCode: number | undefined) => {
  if (sipCode === 402) return failed("nocredit")
  if (sipCode === 503) return failed("congestion")
  return failed(sipCode !== undefined && sipCode >= 500 && sipCode < 600 ? "error" : "failed")
}

export const liveOutbound = (
  runner: Runner,
  scope: Scope.Scope,
  leg: Leg,
  plan: DialPlan,
  behaviour: Effect.Effect<DialBehaviour>
) => {
  const life = Effect.gen(function* () {
    yield* Effect.sleep(plan.queueMs)
    yield* reportSession(runner, leg, "new", 1)
    yield* reportSession(runner, leg, "processing", 2)
    if (leg.trunk === undefined) {
      yield* complain(leg, "no active outbound trunk: there is no way out of the domain")
      return failed("error")
    }
    yield* Effect.sleep(setupMs)
    leg.record.state = "ringing"
    leg.record.changed()
    yield* reportSession(runner, leg, "ringing", 3)
    const person = yield* behaviour
    const ringMs = plan.ringSeconds * 1000
    const lastsMs = person.afterMs ?? (person.outcome === "no-answer" ? ringMs : defaultAnswerMs)
    yield* Effect.sleep(Math.min(lastsMs, ringMs))
    if (person.outcome === "no-answer" || lastsMs > ringMs) return noAnswer
    if (person.outcome === "busy") return busy
    if (person.outcome === "failed") return failedWith(person.sipCode)
    yield* answer(runner, leg)
    yield* keepTimeLimit(leg, scope)
    const { first } = plan
    const script = first === undefined ? Effect.never : perform(runner, leg, first)
    const talk = Effect.andThen(detect(runner, leg, plan, person.answeredBy ?? "human"), script)
    const { hangUpAfterMs } = person
    if (hangUpAfterMs === undefined) return yield* talk
    return yield* Effect.timeoutOrElse(talk, { duration: hangUpAfterMs, orElse: () => Effect.succeed(completed) })
  })
  return live(runner, leg, life)
}

/** Machine detection: the verdict is waited for, or told later by a callback of its own when there is a hook. */
const detect = (runner: Runner, leg: Leg, plan: DialPlan, who: "human" | "machine" | "fax" | "unknown") => {
  const { detection } = plan
  if (detection === undefined) return Effect.void
  const think = Effect.andThen(
    Effect.sleep(detectionMs),
    Effect.sync(() => {
      leg.answeredBy = who === "machine" ? "machine_start" : who
    })
  )
  const { hook } = detection
  if (hook === undefined) return think
  return Effect.forkChild(
    Effect.andThen(
      think,
      Effect.suspend(() => reportMachine(runner, leg, hook, detectionMs))
    )
  )
}
