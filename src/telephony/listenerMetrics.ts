import { Effect, Metric } from "effect"
import type { Trouble } from "./listenerStreak.ts"

const held = Metric.gauge("switchboard_listeners", {
  description: "Connections to carriers that this node is to keep up, by provider and state"
})
const troubles = Metric.counter("switchboard_listener_troubles_total", {
  description: "Times that such a connection was lost or did not come about, by provider and kind",
  incremental: true
})

/** How many of a provider's connections this node holds. */
export const listenersHeld = (provider: string, counts: { readonly connected: number; readonly down: number }) =>
  Effect.forEach(
    Object.entries(counts),
    ([state, count]) => Metric.update(Metric.withAttributes(held, { provider, state }), count),
    { discard: true }
  )

export const listenerTroubled = (provider: string, { kind }: Trouble) =>
  Metric.update(Metric.withAttributes(troubles, { provider, kind }), 1)
