import { randomUUID } from "node:crypto"
import { Deferred, Effect, Fiber } from "effect"
import { runMedia } from "../../../simulator/MediaClient.ts"
import { type Leg, note } from "./leg.ts"
import type { Stage } from "./stage.ts"
import { makeDialect } from "./stream.ts"
import type { StreamPlan } from "./streamOptions.ts"
import { report } from "./webhooks.ts"

/** One stream from the socket's opening to its end, with its events. Interruption is the carrier's own end of it. */
const perform = Effect.fnUntraced(function* (stage: Stage, leg: Leg, plan: StreamPlan, streamId: string) {
  const { account, jitterMs, nowMs, panel } = stage
  let started = false
  const onStarted = Effect.suspend(() => {
    started = true
    return report(stage, leg, "streaming.started", { stream_url: plan.url })
  })
  const media = runMedia({
    url: plan.url,
    headers: { "user-agent": "Telnyx" },
    dialect: makeDialect({ plan, streamId, userId: account.userId, leg, nowMs }),
    record: leg.record,
    panel,
    jitterMs,
    onStarted,
    startWhen: Deferred.await(leg.answered)
  })
  const stopped = Effect.suspend(() =>
    started ? report(stage, leg, "streaming.stopped", { stream_url: plan.url }) : Effect.void
  )
  const end = yield* Effect.ensuring(media, stopped)
  if (leg.stream?.id === streamId) leg.stream = undefined
  if (end._tag !== "Refused") return
  yield* report(stage, leg, "streaming.failed", {
    failure_reason: "connection_failed",
    stream_id: streamId,
    stream_params: { stream_url: plan.url, track: plan.track },
    stream_type: "websocket"
  })
})

/** Opens a leg's stream. Its first message comes at once, its start when the leg is answered. Gives the stream's id. */
export const startStream = Effect.fnUntraced(function* (stage: Stage, leg: Leg, plan: StreamPlan) {
  const id = randomUUID().toUpperCase()
  if (plan.track !== "inbound_track") yield* note(leg, `${plan.track}: only what the person says is simulated`)
  leg.format = plan.toUs
  leg.record.mouth.speakIn(plan.toUs)
  const fiber = yield* Effect.forkIn(perform(stage, leg, plan, id), stage.scope)
  leg.stream = { id, url: plan.url, fiber }
  return id
})

/** The carrier's end of a leg's stream: it says so and closes the socket. */
export const stopStream = Effect.fnUntraced(function* (leg: Leg) {
  const { stream } = leg
  if (stream === undefined) return
  leg.stream = undefined
  yield* Fiber.interrupt(stream.fiber)
})
