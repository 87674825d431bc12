import type { DateTime } from "effect"
import type { CallMemory } from "../carrier/TelephonyProvider.ts"
import type { CallStatus } from "../carrier/CallStatus.ts"
import type { FormValues } from "../Form.ts"
import type { RecordingState } from "../recording/RecordingStore.ts"
import type { EndOwner, EndReason } from "./EndReason.ts"

export type MediaState = "none" | "connecting" | "streaming" | "ended"

/** A call's row. */
export interface Call {
  readonly id: string
  readonly organizationId: string
  readonly telephonyConfigurationId: string
  readonly agentId: string | undefined
  /** The provider's registry name. */
  readonly mode: string
  readonly direction: "inbound" | "outbound"
  readonly from: string
  readonly to: string
  readonly providerCallId: string | undefined
  /** What its provider asked to remember about it. */
  readonly memory: CallMemory
  readonly status: CallStatus
  readonly mediaState: MediaState
  readonly createdAt: DateTime.Utc
  readonly answeredAt: DateTime.Utc | undefined
  readonly endedAt: DateTime.Utc | undefined
  /** How long the call lasted after the answer, ms, as the carrier counts it. */
  readonly durationMs: number | undefined
  /** When the caller was joined with a transfer's destination; the agent has left then. */
  readonly transferredAt: DateTime.Utc | undefined
  readonly endReason: EndReason | undefined
  readonly endOwner: EndOwner | undefined
  readonly nodeId: string | undefined
  readonly context: FormValues
  /** Whether whoever placed the call wants it recorded; undefined: the agent's settings tell. */
  readonly record: boolean | undefined
  /** The state of its newest recording, where `CallHistory` read the call; undefined also where there is none. */
  readonly recording?: RecordingState | undefined
  readonly answeredBy: string | undefined
  readonly cost: { readonly amount: string; readonly currency: string } | undefined
}
