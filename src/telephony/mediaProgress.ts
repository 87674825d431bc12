import type { AgentLeg } from "../agents/AgentSpec.ts"
import type { Transport } from "../Transport.ts"
import type { CallAnswering } from "./callAnswering.ts"
import type { CallRecording } from "./callRecording.ts"

/** What a media session has got hold of so far; `leg` is the agent's last connection that stood. */
export interface MediaProgress {
  transport: Transport | undefined
  leg: AgentLeg | undefined
  recording: CallRecording | undefined
  answering: CallAnswering | undefined
}
