import { Redacted } from "effect"
import type { AgentCall } from "../AgentSpec.ts"
import type { Opening } from "../socket/connection.ts"
import { type AgentAudio, type CallStart, frameMs, subprotocol, version, versions } from "./messages.ts"

/** The first message of a connection. A call that the agent was connected for before says so. */
export const callStart = (call: AgentCall, audio: AgentAudio): typeof CallStart.Type => ({
  type: "call.start",
  version,
  versions,
  call: {
    id: call.id,
    direction: call.direction,
    from: call.from,
    to: call.to,
    provider: call.provider,
    telephony_configuration_id: call.telephonyConfigurationId,
    context: call.context
  },
  audio: { encoding: audio.encoding, sample_rate: audio.sample_rate, frame_ms: frameMs },
  resume_token: Redacted.value(call.resumeToken),
  ...(call.attempt > 0 ? { resumed: { attempt: call.attempt } } : {})
})

/** What the connection is opened with: the subprotocol, and the secret as a bearer token. */
export const opening = (secret: Redacted.Redacted<string> | undefined): Opening => ({
  protocol: subprotocol,
  subprotocols: [subprotocol],
  headers: secret === undefined ? {} : { authorization: `Bearer ${Redacted.value(secret)}` }
})
