import { randomUUID } from "node:crypto"
import { Deferred, Effect, Fiber, type Scope } from "effect"
import { makeCallbackLine } from "../../../simulator/Callbacks.ts"
import { makeCallRecord } from "../../../simulator/CallRecord.ts"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import { now } from "./account.ts"
import { endLeg, finalFor, markEnded } from "./ending.ts"
import { codeOfSip, type Final } from "./hangups.ts"
import { type Hook, type Leg, type Next, note } from "./leg.ts"
import { callbackTimeoutMs } from "./settings.ts"
import type { Fields } from "./signing.ts"
import { perform } from "./script.ts"
import { answer, type Stage } from "./stage.ts"
import { format, frameMs } from "./stream.ts"
import { haunt } from "./streams.ts"
import { maxMarkupBytes, reportHangup, reportMachine, reportRing, retried, type Sender } from "./webhooks.ts"

/** Between the carrier taking an outbound call on and its ringing, ms. */
const setupMs = 20
const defaultAnswerMs = 50
/** How long machine detection thinks, ms. */
const detectionMs = 150

export interface NewLeg {
  readonly direction: Leg["direction"]
  readonly from: string
  readonly to: string
  readonly wire: Leg["wire"]
  readonly hooks: Leg["hooks"]
  readonly extra: Fields
}

/** What an outbound call was asked to do. */
export interface DialPlan {
  readonly first: Next
  readonly ringSeconds: number
  readonly limitSeconds: number | undefined
  readonly detection: { readonly ifMachine: "continue" | "hangup"; readonly hook: Hook | undefined } | undefined
  readonly digits: string | undefined
}

/** A call that nothing has happened to yet. Its callbacks live in `scope`. */
export const makeLeg = Effect.fnUntraced(function* (sender: Sender, scope: Scope.Scope, options: NewLeg) {
  const { settings } = sender
  const state = options.direction === "inbound" ? "ringing" : "queued"
  const record = makeCallRecord({ state, format, frameMs })
  const line = makeCallbackLine({
    panel: sender.panel,
    scope,
    timeoutMs: Math.min(callbackTimeoutMs, settings.webhookTimeoutMs),
    maxBytes: maxMarkupBytes,
    record: (sent) => {
      record.callbacks.push(sent)
      const { failure, status } = sent
      if (status !== undefined && status >= 400) record.errors.push(`${sent.subject} callback got HTTP ${status}`)
      if (failure !== undefined) record.errors.push(`${sent.subject} callback: ${failure}`)
      record.changed()
    }
  })
  const leg: Leg = {
    ...options,
    id: randomUUID(),
    record,
    line,
    createdMs: yield* now,
    startedMs: undefined,
    answeredMs: undefined,
    endedMs: undefined,
    final: undefined,
    rated: false,
    machine: undefined,
    streams: [],
    orphan: undefined,
    bridge: undefined,
    afterHangup: [],
    over: Deferred.makeUnsafe(),
    redirect: Deferred.makeUnsafe(),
    answered: Deferred.makeUnsafe(),
    ended: Deferred.makeUnsafe(),
    settled: Deferred.makeUnsafe()
  }
  return leg
})

/** Lives a call to its end: the script with its media, then the hangup callback and what comes after it, later the CDR. */
const live = Effect.fnUntraced(function* (stage: Stage, leg: Leg, life: Effect.Effect<Final>) {
  const final = yield* Effect.raceFirst(life, Deferred.await(leg.over))
  yield* markEnded(leg, final)
  yield* Deferred.succeed(leg.ended, leg.final ?? final)
  const stopped = leg.record.mediaMessages.some(({ kind }) => kind === "stop")
  const orphan = stopped || !stage.settings.phantomReconnect ? undefined : leg.orphan
  const ghost = orphan === undefined ? undefined : yield* Effect.forkChild(haunt(stage, leg, orphan))
  yield* reportHangup(stage, leg, leg.final ?? final)
  for (const callback of leg.afterHangup) yield* leg.line.send(retried(callback, stage.settings.retryDelayMs))
  yield* leg.line.finish
  if (ghost !== undefined) yield* Fiber.await(ghost)
  yield* Deferred.succeed(leg.settled, undefined)
  yield* Effect.sleep(stage.settings.priceAfterMs)
  leg.rated = true
})

/** `hook` undefined: the number is attached to nothing. */
export const liveInbound = (stage: Stage, leg: Leg, hook: Hook | undefined) => {
  const life = Effect.gen(function* () {
    leg.startedMs = yield* now
    if (hook === undefined) return finalFor(leg, 2010, "Vobiz")
    return yield* perform(stage, leg, { _tag: "Fetch", hook, origin: "answer", extra: leg.extra })
  })
  return live(stage, leg, life)
}

export const liveOutbound = (stage: Stage, leg: Leg, plan: DialPlan, behaviour: Effect.Effect<DialBehaviour>) => {
  const life = Effect.gen(function* () {
    yield* Effect.sleep(setupMs)
    leg.startedMs = yield* now
    leg.record.state = "ringing"
    leg.record.changed()
    yield* reportRing(stage, leg)
    const person = yield* behaviour
    const refused = yield* ring(leg, person, plan.ringSeconds)
    if (refused !== undefined) return refused
    yield* answer(leg)
    if (plan.digits !== undefined) yield* note(leg, `digits: ${plan.digits}`)
    const hangUpAfterMs = person.outcome === "answer" ? person.hangUpAfterMs : undefined
    const limitMs = plan.limitSeconds === undefined ? undefined : plan.limitSeconds * 1000
    const who = person.outcome === "answer" ? (person.answeredBy ?? "human") : "unknown"
    const talk = Effect.andThen(detect(stage, leg, plan, who), perform(stage, leg, plan.first))
    return yield* within(
      limitMs,
      within(
        hangUpAfterMs,
        talk,
        Effect.sync(() => finalFor(leg, 4000, "Call recipient"))
      ),
      Effect.sync(() => finalFor(leg, 6000, "Vobiz"))
    )
  })
  return live(stage, leg, life)
}

const within = (ms: number | undefined, effect: Effect.Effect<Final>, otherwise: Effect.Effect<Final>) =>
  ms === undefined ? effect : Effect.timeoutOrElse(effect, { duration: ms, orElse: () => otherwise })

/** Rings until somebody answers; gives the end when nobody does. */
const ring = Effect.fnUntraced(function* (leg: Leg, person: DialBehaviour, ringSeconds: number) {
  const ringMs = ringSeconds * 1000
  const afterMs = person.afterMs ?? (person.outcome === "no-answer" ? ringMs : defaultAnswerMs)
  if (afterMs >= ringMs) {
    yield* Effect.sleep(ringMs)
    return finalFor(leg, 6010, "Vobiz")
  }
  yield* Effect.sleep(afterMs)
  if (person.outcome === "no-answer") return finalFor(leg, 3000, "Carrier")
  if (person.outcome === "busy") return finalFor(leg, 3010, "Call recipient")
  if (person.outcome === "failed") return finalFor(leg, codeOfSip(person.sipCode ?? 404), "Carrier")
  return undefined
})

/** Machine detection: the answer webhook waits for the verdict, or a callback of its own tells it later when there is a hook. */
const detect = (stage: Stage, leg: Leg, { detection }: DialPlan, who: "human" | "machine" | "fax" | "unknown") => {
  if (detection === undefined) return Effect.void
  const { hook, ifMachine } = detection
  const think = Effect.gen(function* () {
    yield* Effect.sleep(detectionMs)
    leg.machine = who === "machine" || who === "fax"
    if (hook !== undefined) yield* reportMachine(stage, leg, hook, ifMachine)
    if (leg.machine && ifMachine === "hangup") yield* endLeg(leg, finalFor(leg, 9100, "Vobiz"))
  })
  return hook === undefined ? think : Effect.asVoid(Effect.forkChild(think))
}
