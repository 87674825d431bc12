import { Deferred, Effect } from "effect"
import type { DialBehaviour } from "../../../simulator/SimulatorModule.ts"
import { microTime } from "./account.ts"
import { cleared, type Final, type Leg } from "./leg.ts"
import { answerLeg, live } from "./legs.ts"
import type { Stage } from "./stage.ts"
import type { StreamPlan } from "./streamOptions.ts"
import { startStream } from "./streaming.ts"
import { announce, report } from "./webhooks.ts"

/** Between the carrier taking an outbound call on and its ringing, ms. */
const setupMs = 20
const defaultAnswerMs = 50
/** How long machine detection thinks, ms; how long a machine's greeting is. */
const detectionMs = 150
const greetingMs = 150
/** What a caller's network lets ring when nobody acts. Telnyx itself waits for ever unless `first_command_timeout` is set. */
const callerPatienceMs = 60_000
export const maxTalkSeconds = 14_400

const timeLimit: Final = { state: "completed", cause: "time_limit", source: "unknown", sipCause: "unspecified" }

/** A number that is attached to nothing takes no calls. */
const unreachable: Final = { state: "failed", cause: "unallocated_number", source: "unknown", sipCause: "404" }

/** What an outbound call was asked to do. */
export interface DialPlan {
  readonly stream: StreamPlan | undefined
  readonly ringSeconds: number
  /** Whether the end of the ringing counts as `timeout`; otherwise it is `no_answer`. */
  readonly timeoutIsCause: boolean
  readonly limitSeconds: number
  readonly detection: string
  /** Once the destination has answered: a bridge. */
  readonly onAnswered: Effect.Effect<void>
}

/** `call.initiated` of a parked call, then whatever our side does by REST. */
export const liveInbound = (stage: Stage, leg: Leg) => {
  const { firstCommandTimeout, firstCommandTimeoutSecs } = leg.application
  const life = Effect.gen(function* () {
    if (leg.target.url === "") return unreachable
    yield* announce(stage, leg, {
      caller_id_name: leg.from,
      calling_party_type: "pstn",
      connection_codecs: "PCMA,PCMU,VP8,H264",
      direction: "incoming",
      from_sip_uri: `${leg.from.replace("+", "")}@192.0.2.1:5060`,
      offered_codecs: `${leg.codec},G729`,
      start_time: microTime(leg.createdMs),
      state: "parked",
      to_sip_uri: `${leg.to}@192.0.2.2:5060`,
      ...leg.extra
    })
    const patient = firstCommandTimeout ? firstCommandTimeoutSecs * 1000 : callerPatienceMs
    const final: Final = firstCommandTimeout
      ? { state: "no-answer", cause: "timeout", source: "unknown", sipCause: "unspecified" }
      : { state: "canceled", cause: "originator_cancel", source: "caller", sipCause: "487" }
    const ringing = Effect.as(Effect.sleep(patient), final)
    const unanswered = yield* Effect.raceFirst(ringing, Effect.as(Deferred.await(leg.answered), undefined))
    if (unanswered !== undefined) return unanswered
    yield* Effect.sleep(maxTalkSeconds * 1000)
    return timeLimit
  })
  return live(stage, leg, life)
}

/** What the network says when a destination cannot be had; 480 and 408 come with the cause of an orderly end. */
const failures: Readonly<Record<number, Omit<Final, "source" | "sipCause">>> = {
  404: { state: "failed", cause: "not_found" },
  403: { state: "failed", cause: "call_rejected" },
  408: { state: "no-answer", cause: "normal_clearing" },
  480: { state: "no-answer", cause: "normal_clearing" },
  486: { state: "busy", cause: "user_busy" },
  600: { state: "busy", cause: "user_busy" },
  603: { state: "failed", cause: "call_rejected" }
}

const byCallee = (state: Final["state"], cause: string, sipCause: string): Final => ({
  state,
  cause,
  source: "callee",
  sipCause
})

/** Rings, and says how that ended: undefined when somebody answered. */
const ring = Effect.fnUntraced(function* (plan: DialPlan, person: DialBehaviour) {
  const limitMs = plan.ringSeconds * 1000
  const waitMs = person.outcome === "no-answer" ? (person.afterMs ?? limitMs) : (person.afterMs ?? defaultAnswerMs)
  yield* Effect.sleep(Math.min(waitMs, limitMs))
  if (waitMs >= limitMs) {
    return { ...byCallee("no-answer", plan.timeoutIsCause ? "timeout" : "no_answer", "487"), source: "caller" } as const
  }
  if (person.outcome === "no-answer") return byCallee("no-answer", "no_answer", "480")
  if (person.outcome === "busy") return byCallee("busy", "user_busy", "486")
  if (person.outcome === "answer") return undefined
  const sipCode = person.sipCode ?? 404
  const { cause, state } = failures[sipCode] ?? { state: "failed", cause: "unspecified" }
  return byCallee(state, cause, String(sipCode))
})

/** Dials, rings, and talks until somebody ends it. */
export const liveOutbound = (stage: Stage, leg: Leg, plan: DialPlan) => {
  const { stream } = plan
  const life = Effect.gen(function* () {
    yield* Effect.sleep(leg.queueMs)
    leg.record.state = "initiated"
    leg.record.changed()
    if (stream !== undefined && stream.early) yield* startStream(stage, leg, stream)
    yield* report(stage, leg, "call.initiated", {
      caller_id_name: leg.from,
      calling_party_type: "pstn",
      direction: "outgoing",
      start_time: microTime(leg.createdMs),
      state: "bridging"
    })
    if (stream !== undefined && !stream.early) yield* startStream(stage, leg, stream)
    yield* Effect.sleep(setupMs)
    leg.record.state = "ringing"
    leg.record.changed()
    const person = yield* stage.behaviourOf(leg)
    const failed = yield* ring(plan, person)
    if (failed !== undefined) return failed
    yield* answerLeg(stage, leg, stream)
    yield* plan.onAnswered
    const who = person.outcome === "answer" ? (person.answeredBy ?? "human") : "human"
    yield* Effect.forkChild(detect(stage, leg, plan.detection, who))
    const hangUpMs = person.outcome === "answer" ? (person.hangUpAfterMs ?? Number.POSITIVE_INFINITY) : 0
    const limitMs = plan.limitSeconds * 1000
    yield* Effect.sleep(Math.min(limitMs, hangUpMs))
    return hangUpMs < limitMs ? cleared("callee") : timeLimit
  })
  return live(stage, leg, life)
}

type Who = "human" | "machine" | "fax" | "unknown"
const verdicts: Readonly<Record<Who, string>> = {
  human: "human",
  machine: "machine",
  fax: "machine",
  unknown: "not_sure"
}
const premiumVerdicts: Readonly<Record<Who, string>> = {
  human: "human_residence",
  machine: "machine",
  fax: "fax_detected",
  unknown: "not_sure"
}

/** Machine detection tells its verdict, and with some settings when the greeting is over. */
const detect = Effect.fnUntraced(function* (stage: Stage, leg: Leg, mode: string, who: Who) {
  if (mode === "disabled") return
  yield* Effect.sleep(detectionMs)
  const premium = mode === "premium"
  const prefix = premium ? "call.machine.premium" : "call.machine"
  yield* report(stage, leg, `${prefix}.detection.ended`, { result: (premium ? premiumVerdicts : verdicts)[who] })
  if (who !== "machine" || mode === "detect" || mode === "detect_words") return
  yield* Effect.sleep(greetingMs)
  yield* report(stage, leg, `${prefix}.greeting.ended`, { result: mode === "greeting_end" ? "ended" : "beep_detected" })
})
