import { Metric } from "effect"

/** Chunks of the caller's audio that went to agents. */
export const chunksSent = Metric.counter("switchboard_agent_audio_sent_total", {
  description: "Chunks of audio sent to agents",
  incremental: true
})

/** Chunks of the caller's audio that an agent lost because it read too slowly. */
export const chunksDropped = Metric.counter("switchboard_agent_audio_dropped_total", {
  description: "Chunks of audio dropped because the agent read too slowly",
  incremental: true
})

/** Messages of agents that could not be used. */
export const badMessages = Metric.counter("switchboard_agent_messages_malformed_total", {
  description: "Messages of agents that could not be read",
  incremental: true
})
