import { Duration, Effect, Metric } from "effect"
import type { EndReason } from "./EndReason.ts"

const webhook = Metric.histogram("switchboard_webhook_seconds", {
  description: "How long a carrier waited for our answer to a webhook",
  boundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
})
const failures = Metric.counter("switchboard_signature_failures_total", {
  description: "Webhooks whose sender could not be proved",
  incremental: true
})
const calls = Metric.gauge("switchboard_calls", { description: "Live calls of this node by status" })
const endings = Metric.counter("switchboard_calls_ended_total", {
  description: "Calls that this node saw end, by reason",
  incremental: true
})

/** `provider` is a registry name or `unknown`, never what a request says. */
export const webhookAnswered = (provider: string, outcome: string, took: Duration.Duration) =>
  Metric.update(Metric.withAttributes(webhook, { provider, outcome }), Duration.toSeconds(took))

export const signatureFailed = (provider: string) => Metric.update(Metric.withAttributes(failures, { provider }), 1)

export const callEnded = (reason: EndReason) => Metric.update(Metric.withAttributes(endings, { reason }), 1)

const liveStatuses = ["initiated", "ringing", "in-progress"]

/** `live` has a count for each status that some call of this node is in. */
export const callsLive = (live: ReadonlyMap<string, number>) =>
  Effect.forEach(
    liveStatuses,
    (status) => Metric.update(Metric.withAttributes(calls, { status }), live.get(status) ?? 0),
    { discard: true }
  )

const loopDelay = Metric.gauge("switchboard_event_loop_delay_seconds", {
  description: "How late the event loop ran in the last five seconds"
})

/** By quantile, as `0.99`. */
export const eventLoopDelay = (quantile: string) => Metric.withAttributes(loopDelay, { quantile })
