import { randomUUID } from "node:crypto"
import { Deferred, Effect, Result } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply } from "../../../simulator/RestServer.ts"
import { microTime } from "./account.ts"
import { bridge } from "./bridges.ts"
import { type Body, integer, isText, oneOf, type Rule, text, textOf } from "./body.ts"
import { firstDestination, mayShow, newLegRules, placeLeg } from "./dial.ts"
import { cleared, complain, type Final, type Leg, note } from "./leg.ts"
import { answerLeg, endLeg, makeLeg } from "./legs.ts"
import { accepted, type ErrorCode, refuse, told } from "./replies.ts"
import type { Stage } from "./stage.ts"
import { startStream, stopStream } from "./streaming.ts"
import { readStream } from "./streamOptions.ts"
import { targetRules, withTarget } from "./targets.ts"
import { report } from "./webhooks.ts"

/** Speech is not synthesised and files are not played; either takes this long, ms. */
const speakMs = 20

/** A command on a live leg. */
export interface Action {
  readonly required: ReadonlyArray<string>
  readonly rules: (stage: Stage) => Readonly<Record<string, Rule>>
  /** Whether the leg must have been answered. */
  readonly afterAnswer: boolean
  readonly run: (stage: Stage, leg: Leg, body: Body) => Effect.Effect<RestReply>
}

const refused = (leg: Leg, code: ErrorCode, action: string, pointer?: string) =>
  Effect.as(complain(leg, told(code, action)), refuse(422, code, pointer))

const noRules = () => ({})

const answer: Action = {
  required: [],
  rules: (stage) => targetRules(stage.urls),
  afterAnswer: false,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    if (leg.direction === "outbound") return yield* refused(leg, "90102", "answer")
    if (leg.answeredMs !== undefined) return yield* refused(leg, "10027", "answer")
    const stream = readStream(body, leg.codec, stage.urls)
    if (Result.isFailure(stream)) {
      yield* complain(leg, `answer was refused: ${stream.failure.body}`)
      return stream.failure
    }
    leg.target = withTarget(leg.target, body)
    yield* answerLeg(stage, leg, stream.success)
    if (stream.success !== undefined) yield* startStream(stage, leg, stream.success)
    return accepted()
  })
}

const reject: Action = {
  required: ["cause"],
  rules: () => ({ cause: oneOf("CALL_REJECTED", "USER_BUSY") }),
  afterAnswer: false,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    if (leg.direction === "outbound" || leg.answeredMs !== undefined) return yield* refused(leg, "10027", "reject")
    const busy = text(body, "cause") === "USER_BUSY"
    const final: Final = busy
      ? { state: "busy", cause: "user_busy", source: "callee", sipCause: "486" }
      : { state: "failed", cause: "call_rejected", source: "callee", sipCause: "603" }
    yield* endLeg(stage, leg, final)
    return accepted()
  })
}

/** A ringing call is given up, a parked one refused, an answered one ended. */
const hangup: Action = {
  required: [],
  rules: noRules,
  afterAnswer: false,
  run: Effect.fnUntraced(function* (stage, leg) {
    const source = leg.direction === "inbound" ? "callee" : "caller"
    const unanswered: Final =
      leg.direction === "inbound"
        ? { state: "canceled", cause: "normal_clearing", source, sipCause: "603" }
        : { state: "canceled", cause: "originator_cancel", source, sipCause: "487" }
    yield* endLeg(stage, leg, leg.answeredMs === undefined ? unanswered : cleared(source))
    return accepted()
  })
}

const streamingStart: Action = {
  required: ["stream_url"],
  rules: noRules,
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    // Whether Telnyx refuses a second stream or replaces the first is not confirmed.
    if (leg.stream !== undefined) return yield* refused(leg, "90045", "streaming_start")
    const stream = readStream(body, leg.codec, stage.urls)
    if (Result.isFailure(stream)) return stream.failure
    if (stream.success === undefined) return refuse(422, "10004", "stream_url")
    return accepted({ stream_id: yield* startStream(stage, leg, stream.success) })
  })
}

const streamingStop: Action = {
  required: [],
  rules: () => ({ stream_id: isText }),
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg) {
    if (leg.stream === undefined) return yield* refused(leg, "90048", "streaming_stop")
    stage.run(stopStream(leg))
    return accepted()
  })
}

/** Runs while the leg lives, with its events: `call_hangup` when the leg ends first. */
const perform = (stage: Stage, leg: Leg, kind: "speak" | "playback", more: Readonly<Record<string, unknown>>) =>
  Effect.gen(function* () {
    yield* report(stage, leg, `call.${kind}.started`, more)
    yield* Effect.raceFirst(Effect.sleep(speakMs), Deferred.await(leg.over))
    const status = isOver(leg) ? "call_hangup" : "completed"
    yield* report(stage, leg, `call.${kind}.ended`, { ...more, status })
  })

const speak: Action = {
  required: ["payload", "voice"],
  rules: () => ({
    payload: textOf(1, 3000, "90010"),
    voice: isText,
    payload_type: oneOf("text", "ssml"),
    service_level: oneOf("basic", "premium"),
    target_legs: oneOf("self", "opposite", "both"),
    stop: oneOf("current", "all")
  }),
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    yield* note(leg, `said: ${text(body, "payload") ?? ""}`)
    stage.run(perform(stage, leg, "speak", {}))
    return accepted()
  })
}

const playbackStart: Action = {
  required: ["audio_url"],
  rules: (stage) => ({ audio_url: stage.urls.webhook }),
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    const media_url = text(body, "audio_url")
    yield* note(leg, `played: ${media_url ?? ""}`)
    stage.run(perform(stage, leg, "playback", { media_url, overlay: false }))
    return accepted()
  })
}

const sendDtmf: Action = {
  required: ["digits"],
  rules: () => ({
    digits: { holds: (value) => typeof value === "string" && /^[0-9A-D*#wW]+$/.test(value), code: "90014" },
    duration_millis: integer(100, 500, "90027")
  }),
  afterAnswer: true,
  run: (_, leg, body) => Effect.as(note(leg, `digits: ${text(body, "digits") ?? ""}`), accepted())
}

const recordStart: Action = {
  required: ["channels", "format"],
  rules: () => ({ channels: oneOf("single", "dual"), format: oneOf("mp3", "wav") }),
  afterAnswer: true,
  run: (stage, leg) =>
    Effect.sync(() => {
      leg.recording = { id: randomUUID(), startedMs: stage.nowMs() }
      return accepted({ recording_id: leg.recording.id })
    })
}

/** The event of a saved recording names the leg, but not its `call_control_id`. */
const recordStop: Action = {
  required: [],
  rules: noRules,
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg) {
    const { recording } = leg
    if (recording === undefined) return accepted()
    leg.recording = undefined
    const address = `https://recordings.example/${recording.id}.mp3`
    yield* report(stage, leg, "call.recording.saved", {
      call_control_id: undefined,
      channels: "single",
      recording_started_at: microTime(recording.startedMs),
      recording_ended_at: microTime(stage.nowMs()),
      recording_urls: { mp3: address },
      public_recording_urls: {}
    })
    return accepted()
  })
}

const bridgeAction: Action = {
  required: ["call_control_id"],
  rules: () => ({ call_control_id: isText, park_after_unbridge: oneOf("self") }),
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    const other = stage.find(text(body, "call_control_id") ?? "")
    if (other === undefined || other === leg) return yield* refused(leg, "90015", "bridge", "call_control_id")
    if (isOver(other)) return yield* refused(leg, "90018", "bridge")
    if (other.answeredMs === undefined) return yield* refused(leg, "90034", "bridge")
    const double = leg.place !== undefined || other.place !== undefined
    if (double && body["prevent_double_bridge"] === true) return yield* refused(leg, "10027", "bridge")
    const parks = body["park_after_unbridge"] === "self"
    yield* bridge(stage, { leg, parks }, { leg: other, parks: false })
    return accepted()
  })
}

/** Dials a leg of the same session and bridges it when it answers; when it does not, the leg stays as it is. */
const transfer: Action = {
  required: ["to"],
  rules: newLegRules,
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    const from = text(body, "from")
    if (from !== undefined && !mayShow(stage, from)) return refuse(403, "D51", "from")
    const to = firstDestination(body)
    const { application, sessionId } = leg
    const other = makeLeg(stage, {
      direction: "outbound",
      from: from ?? leg.to,
      to,
      application,
      codec: stage.codecOf(to),
      target: withTarget(leg.target, body),
      clientState: text(body, "target_leg_client_state"),
      sessionId
    })
    const parks = body["park_after_unbridge"] === "self"
    const onAnswered = Effect.suspend(() =>
      isOver(leg)
        ? endLeg(stage, other, cleared("unknown"))
        : bridge(stage, { leg, parks }, { leg: other, parks: false })
    )
    yield* placeLeg(stage, other, body, { stream: undefined, onAnswered })
    return accepted()
  })
}

const refer: Action = {
  required: ["sip_address"],
  rules: () => ({
    sip_address: { holds: (value) => typeof value === "string" && /^sips?:/.test(value), code: "10016" }
  }),
  afterAnswer: true,
  run: Effect.fnUntraced(function* (stage, leg, body) {
    yield* note(leg, `referred to ${text(body, "sip_address") ?? ""}`)
    yield* report(stage, leg, "call.refer.started", { sip_notify_response: 100 })
    yield* report(stage, leg, "call.refer.completed", { sip_notify_response: 200 })
    return accepted()
  })
}

const playbackStop: Action = {
  required: [],
  rules: noRules,
  afterAnswer: true,
  run: () => Effect.succeed(accepted())
}

/** By the last part of `/calls/{call_control_id}/actions/{action}`. */
export const actions: ReadonlyMap<string, Action> = new Map([
  ["answer", answer],
  ["reject", reject],
  ["hangup", hangup],
  ["streaming_start", streamingStart],
  ["streaming_stop", streamingStop],
  ["speak", speak],
  ["playback_start", playbackStart],
  ["playback_stop", playbackStop],
  ["send_dtmf", sendDtmf],
  ["record_start", recordStart],
  ["record_stop", recordStop],
  ["bridge", bridgeAction],
  ["transfer", transfer],
  ["refer", refer]
])
