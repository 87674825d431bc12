import { randomUUID } from "node:crypto"
import { Deferred, Effect } from "effect"
import { makeCallbackLine } from "../../../simulator/Callbacks.ts"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import { bare, now, plussed } from "./account.ts"
import { newConversationId } from "./conversations.ts"
import { reportFinal, reportMachine, reportProgress } from "./events.ts"
import {
  type Call,
  complain,
  completedBy,
  endCall,
  type Final,
  type Hook,
  type Leg,
  markEnded,
  type Next,
  note,
  priceLater
} from "./leg.ts"
import { answer, perform, type Stage } from "./script.ts"
import { format, frameMs } from "./stream.ts"
import { eventTimeout, maxAnswerBytes } from "./webhooks.ts"

/** Between the carrier taking an outbound call on and its ringing, ms. */
const setupMs = 20
const defaultAnswerMs = 50
/** How long machine detection thinks, ms. */
const detectionMs = 150
const defaultLimitSeconds = 7200

export interface NewCall {
  readonly direction: Call["direction"]
  readonly from: string
  readonly to: string
  readonly hook: Hook | undefined
  readonly extra?: Readonly<Record<string, string>>
  readonly conversation?: string
}

/** What an outbound call was asked to do. */
export interface DialPlan {
  readonly ringSeconds: number
  readonly limitSeconds: number | undefined
  readonly detection: { readonly hangsUp: boolean; readonly tellsBeep: boolean } | undefined
  /** `from` is not the account's: the destination's network refuses it. */
  readonly isRestricted: boolean
  readonly talk: (call: Call) => Effect.Effect<Final>
  /** True: somebody else tells how it ended. */
  readonly onFinal?: (call: Call, final: Final) => boolean
}

/**
 * A call that nothing has happened to yet. The uuid of an inbound leg is written without dashes; whoever compares uuids must not
 * care. The call's id always has them.
 */
export const makeCall = Effect.fnUntraced(function* (stage: Stage, options: NewCall) {
  const { direction } = options
  const record = makeCallRecord({ state: direction === "inbound" ? "ringing" : "initiated", format, frameMs })
  const line = makeCallbackLine({
    panel: stage.panel,
    scope: stage.scope,
    timeoutMs: eventTimeout(stage),
    maxBytes: maxAnswerBytes,
    record: (sent) => {
      record.callbacks.push(sent)
      record.changed()
    }
  })
  const id = randomUUID()
  const uuid = direction === "inbound" ? id.replaceAll("-", "") : id
  const leg: Leg = {
    uuid,
    kind: "phone",
    direction,
    from: bare(options.from),
    to: bare(options.to),
    headers: {},
    conversation: options.conversation ?? newConversationId(),
    status: "started",
    hook: options.hook,
    createdMs: yield* now,
    answeredMs: undefined,
    endedMs: undefined,
    isPriced: false
  }
  const call: Call = {
    id,
    direction,
    from: plussed(leg.from),
    to: plussed(leg.to),
    record,
    leg,
    line,
    sockets: [],
    extra: options.extra ?? {},
    over: Deferred.makeUnsafe(),
    redirect: Deferred.makeUnsafe(),
    settled: Deferred.makeUnsafe()
  }
  return call
})

/**
 * Lives a call to its end: the script with its media, then the last events of its legs, later the price. A socket that was left
 * behind has to be hung up by our side; until then the call is not settled.
 */
const live = Effect.fnUntraced(function* (
  stage: Stage,
  call: Call,
  life: Effect.Effect<Final>,
  onFinal: DialPlan["onFinal"]
) {
  const final = yield* Effect.raceFirst(life, Deferred.await(call.over))
  yield* markEnded(call, final)
  const told = onFinal?.(call, final) === true
  for (const { hangUp, isAttached } of call.sockets) if (isAttached) yield* Deferred.succeed(hangUp, undefined)
  if (!told) yield* reportFinal(stage, call, call.leg, final)
  yield* priceLater(call.leg, stage.priceAfterMs, stage.scope)
  yield* Effect.forEach(call.sockets, ({ ended }) => Deferred.await(ended), { discard: true })
  yield* call.line.finish
  yield* Deferred.succeed(call.settled, undefined)
})

/** `hook` undefined: the number is linked to nothing; the caller hears busy and nobody is told. */
export const liveInbound = (stage: Stage, call: Call, hook: Hook | undefined) => {
  const life = Effect.gen(function* () {
    if (hook === undefined) {
      yield* note(call, "the number is not linked to an application that has an answer_url")
      return { state: "busy", status: "busy", sipCode: 486, by: "platform" } satisfies Final
    }
    yield* reportProgress(stage, call, call.leg, "started")
    call.leg.status = "ringing"
    yield* reportProgress(stage, call, call.leg, "ringing")
    return yield* perform(stage, call, { _tag: "Ask", hook })
  })
  return live(stage, call, life, undefined)
}

export const liveOutbound = (stage: Stage, call: Call, plan: DialPlan, behaviour: Effect.Effect<DialBehaviour>) => {
  const life = Effect.gen(function* () {
    yield* reportProgress(stage, call, call.leg, "started")
    yield* Effect.sleep(setupMs)
    if (plan.isRestricted) {
      yield* complain(call, `${call.leg.from} is not a number of the account`)
      return refused("rejected", "restricted", 403)
    }
    call.leg.status = "ringing"
    call.record.state = "ringing"
    call.record.changed()
    yield* reportProgress(stage, call, call.leg, "ringing")
    const person = yield* behaviour
    const ring: Effect.Effect<Final | undefined> =
      person.outcome === "no-answer" && person.afterMs === undefined
        ? Effect.never
        : Effect.as(Effect.sleep(person.afterMs ?? defaultAnswerMs), unansweredBy(person))
    const unanswered = yield* Effect.timeoutOrElse(ring, {
      duration: plan.ringSeconds * 1000,
      orElse: () => Effect.succeed<Final>({ state: "no-answer", status: "timeout", by: "platform" })
    })
    if (unanswered !== undefined) return unanswered
    yield* answer(stage, call)
    const { answeredBy = "human", hangUpAfterMs } = person.outcome === "answer" ? person : {}
    yield* detect(stage, call, plan, answeredBy)
    const hungUp =
      hangUpAfterMs === undefined ? Effect.never : Effect.as(Effect.sleep(hangUpAfterMs), completedBy("user"))
    const limit = Effect.as(Effect.sleep((plan.limitSeconds ?? defaultLimitSeconds) * 1000), completedBy("platform"))
    return yield* Effect.raceAllFirst([plan.talk(call), hungUp, limit])
  })
  return live(stage, call, life, plan.onFinal)
}

/** What runs on an answered call. */
export const talkOf = (stage: Stage, first: Next) => (call: Call) => perform(stage, call, first)

const refused = (status: "rejected" | "failed", detail: string, sipCode: number): Final => ({
  state: "failed",
  status,
  detail,
  sipCode,
  by: "user"
})

/** How a call ends that the person does not take; undefined: it is taken. */
const unansweredBy = (person: DialBehaviour): Final | undefined => {
  switch (person.outcome) {
    case "answer":
      return undefined
    case "busy":
      return { state: "busy", status: "busy", sipCode: 486, by: "user" }
    case "no-answer":
      return { state: "no-answer", status: "unanswered", detail: "carrier_timeout", sipCode: 480, by: "user" }
    case "failed":
      return failedWith(person.sipCode ?? 503)
  }
}

const failedWith = (sipCode: number): Final => {
  if (sipCode === 404) return refused("rejected", "invalid_number", sipCode)
  if (sipCode === 403) return refused("rejected", "restricted", sipCode)
  if (sipCode === 603) return { ...refused("rejected", "declined", sipCode), state: "busy" }
  if (sipCode === 410) return refused("failed", "number_out_of_service", sipCode)
  return refused("failed", sipCode >= 500 && sipCode !== 503 ? "internal_error" : "cannot_route", sipCode)
}

/** Machine detection tells its verdict while the call goes on, or hangs up on a machine. */
const detect = (stage: Stage, call: Call, plan: DialPlan, who: "human" | "machine" | "fax" | "unknown") => {
  const { detection } = plan
  if (detection === undefined) return Effect.void
  const verdict = Effect.gen(function* () {
    yield* Effect.sleep(detectionMs)
    const isMachine = who === "machine" || who === "fax"
    yield* reportMachine(stage, call, isMachine ? "machine" : "human")
    if (isMachine && detection.hangsUp) return yield* endCall(call, completedBy("platform"))
    if (isMachine && detection.tellsBeep) yield* reportMachine(stage, call, "machine", "beep_start")
  })
  return Effect.asVoid(Effect.forkChild(verdict))
}
