import { DateTime } from "effect"
import type { Call } from "../telephony/Call.ts"

/** A call as the API shows it. */
export const shownCall = (call: Call) => ({
  id: call.id,
  organization_id: call.organizationId,
  telephony_configuration_id: call.telephonyConfigurationId,
  agent_id: call.agentId ?? null,
  mode: call.mode,
  direction: call.direction,
  from: call.from,
  to: call.to,
  provider_call_id: call.providerCallId ?? null,
  status: call.status,
  media_state: call.mediaState,
  created_at: call.createdAt,
  answered_at: call.answeredAt ?? null,
  ended_at: call.endedAt ?? null,
  duration_ms: duration(call),
  end_reason: call.endReason ?? null,
  end_owner: call.endOwner ?? null,
  cost: call.cost ?? null,
  recording: call.recording ?? null,
  context: call.context
})

const duration = ({ durationMs, answeredAt, endedAt }: Call) =>
  durationMs ??
  (answeredAt === undefined || endedAt === undefined
    ? null
    : DateTime.toEpochMillis(endedAt) - DateTime.toEpochMillis(answeredAt))
