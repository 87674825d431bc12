import type { WebSocket } from "ws"
import type { AgentSpec } from "../../src/agents/AgentSpec.ts"
import type { AudioFormat } from "../../src/Audio.ts"
import type { FormValues } from "../../src/Form.ts"

/** A hand-written proxy's connection to an agent, for one call of a carrier that speaks mu-law in base64. */
export interface Bridge {
  /** Gives the agent what the caller said. */
  readonly hear: (payload: string) => void
  readonly close: () => void
}

/** A kind of agent as the bench measures it: Switchboard's side, the agent's side, and what one writes by hand between a carrier and it. */
export interface MeasuredKind {
  readonly spec: AgentSpec
  readonly takes: (format: AudioFormat) => boolean
  readonly settings: (url: string, format: AudioFormat) => FormValues
  /** The subprotocol that the agent agrees to. */
  readonly subprotocol?: string
  /**
   * The agent's side of a connection: sends back at once what it hears, and tells of it, with the time of the message (ms of
   * the machine's clock). `ready`: the agent has taken the call.
   */
  readonly answer: (
    socket: WebSocket,
    on: { readonly ready: () => void; readonly audio: (bytes: Uint8Array, at: number) => void }
  ) => void
  /** Opens the hand-written connection to the agent; `say` sends a payload to the carrier. */
  readonly bridge: (url: string, format: AudioFormat, say: (payload: string) => void) => Bridge
}
