import { Effect, Result } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply } from "../../../simulator/RestServer.ts"
import type { Application } from "./account.ts"
import { isCaller, isDestination, isE164 } from "./address.ts"
import { bridge } from "./bridges.ts"
import { type Body, check, commandRules, integer, isBoolean, isText, number, oneOf, text, textOf } from "./body.ts"
import { commandMemoryMs, remember } from "./commands.ts"
import { callResource, complain, type Leg, note } from "./leg.ts"
import { makeLeg, targetOf } from "./legs.ts"
import { type DialPlan, liveOutbound, maxTalkSeconds } from "./lives.ts"
import { ok, refuse } from "./replies.ts"
import type { Stage } from "./stage.ts"
import { readStream } from "./streamOptions.ts"
import { targetRules, withTarget } from "./targets.ts"

/** Seconds; Telnyx's default of the ringing is not confirmed. */
const defaultRingSeconds = 30

/** The parameters of a new leg that a dial and a transfer share. */
export const newLegRules = (stage: Stage) => ({
  ...commandRules,
  ...targetRules(stage.urls),
  from: isCaller,
  to: isDestination,
  from_display_name: textOf(1, 128),
  timeout_secs: integer(5, 600, "90028"),
  time_limit_secs: integer(60, 14_000, "90029"),
  park_after_unbridge: oneOf("self"),
  answering_machine_detection: oneOf("disabled", "detect", "detect_beep", "detect_words", "greeting_end", "premium"),
  send_digits_on_answer: textOf(1, 64, "90014"),
  privacy: oneOf("id", "none"),
  media_encryption: oneOf("disabled", "SRTP", "DTLS")
})

const dialRules = (stage: Stage) => ({
  ...newLegRules(stage),
  connection_id: isText,
  link_to: isText,
  bridge_intent: isBoolean,
  bridge_on_answer: isBoolean,
  prevent_double_bridge: isBoolean,
  retry_on_timeout: isBoolean
})

/** Whether a number may be shown as the caller. */
export const mayShow = (stage: Stage, from: string) =>
  !isE164(from) || stage.account.numbers.has(from) || stage.account.callerIds.has(from)

/** Dials a leg that was found good, and lives it beside the request. */
export const placeLeg = Effect.fnUntraced(function* (
  stage: Stage,
  leg: Leg,
  body: Body,
  plan: Pick<DialPlan, "stream" | "onAnswered">
) {
  leg.queueMs = stage.nextTurnMs()
  const digits = text(body, "send_digits_on_answer")
  if (digits !== undefined) yield* note(leg, `sends digits on answer: ${digits}`)
  yield* stage.placed(leg)
  stage.run(
    liveOutbound(stage, leg, {
      ...plan,
      ringSeconds: number(body, "timeout_secs") ?? defaultRingSeconds,
      timeoutIsCause: body["retry_on_timeout"] !== false,
      limitSeconds: number(body, "time_limit_secs") ?? maxTalkSeconds,
      detection: text(body, "answering_machine_detection") ?? "disabled"
    })
  )
})

/** Only the first of several destinations is rung: a person has one phone here. */
export const firstDestination = (body: Body) => {
  const { to } = body
  const first = Array.isArray(to) ? to[0] : to
  return typeof first === "string" ? first.replace(/,.*$/, "") : ""
}

const applicationFor = (stage: Stage, body: Body): Application | undefined => {
  const found = stage.account.applications.get(text(body, "connection_id") ?? "")
  return found?.active === true ? found : undefined
}

const bridgeOnAnswer = (stage: Stage, leg: Leg, linked: Leg | undefined, body: Body) =>
  Effect.suspend(() => {
    if (linked === undefined || body["bridge_on_answer"] !== true) return Effect.void
    if (isOver(linked) || linked.answeredMs === undefined) return note(leg, "the linked leg is not up: no bridge")
    if (body["prevent_double_bridge"] === true && linked.place !== undefined) return note(leg, "no double bridge")
    const parks = body["park_after_unbridge"] === "self"
    return bridge(stage, { leg, parks }, { leg: linked, parks: false })
  })

/** Dials that were taken, by `command_id`: for a dial it counts in the whole account. */
export type TakenDials = Map<string, { readonly atMs: number; readonly reply: RestReply }>

/** `POST /calls` (Telnyx: dial). */
export const dial = Effect.fnUntraced(function* (stage: Stage, taken: TakenDials, body: Body) {
  const broken = check(body, ["connection_id", "to", "from"], dialRules(stage))
  if (broken !== undefined) return broken
  const command = text(body, "command_id")
  const earlier = command === undefined ? undefined : taken.get(command)
  if (earlier !== undefined && stage.nowMs() - earlier.atMs < commandMemoryMs) return earlier.reply
  const application = applicationFor(stage, body)
  if (application === undefined) return refuse(422, "85004", "connection_id")
  const from = text(body, "from") ?? ""
  if (application.outboundVoiceProfileId === null) return refuse(403, "D38")
  if (!mayShow(stage, from)) return refuse(403, "D51", "from")
  const linkedId = text(body, "link_to")
  const linked = linkedId === undefined ? undefined : stage.find(linkedId)
  if (linkedId !== undefined && linked === undefined) return refuse(422, "90015", "link_to")
  const to = firstDestination(body)
  const codec = stage.codecOf(to)
  const stream = readStream(body, codec, stage.urls)
  if (Result.isFailure(stream)) return stream.failure

  const target = withTarget(targetOf(application), body)
  const leg = makeLeg(stage, {
    direction: "outbound",
    from,
    to,
    application,
    codec,
    target,
    sessionId: linked?.sessionId
  })
  remember(stage, leg, { ...body, command_id: null })
  if (text(body, "webhook_url_method") === "GET") yield* complain(leg, "webhook_url_method GET is not simulated")
  const reply = ok({ ...callResource(leg, stage.nowMs()), is_alive: false })
  if (command !== undefined) taken.set(command, { atMs: stage.nowMs(), reply })
  const onAnswered = bridgeOnAnswer(stage, leg, linked, body)
  yield* placeLeg(stage, leg, body, { stream: stream.success, onAnswered })
  return reply
})
