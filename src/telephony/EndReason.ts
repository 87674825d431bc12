import { Schema } from "effect"

/** Who ended a call. */
export const EndOwner = Schema.Literals(["caller", "callee", "agent", "carrier", "operator", "gateway"])
export type EndOwner = typeof EndOwner.Type

/**
 * Why a call ended: a closed list, each with its owner where the reason alone tells it. `hung_up` by the person on the
 * phone is `caller_hung_up` on inbound calls and `callee_hung_up` on outbound ones.
 */
export const owners = {
  caller_hung_up: "caller",
  callee_hung_up: "callee",
  agent_ended: "agent",
  operator_ended: "operator",
  transferred: "agent",
  max_duration: "gateway",
  media_lost: "carrier",
  media_never_started: "carrier",
  agent_unreachable: "agent",
  agent_lost: "agent",
  agent_refused: "agent",
  carrier_rejected: "carrier",
  carrier_failed: "carrier",
  carrier_ended: "carrier",
  dial_unknown: "carrier",
  no_answer: "callee",
  busy: "callee",
  canceled: "operator",
  policy_refused: "operator",
  node_lost: "gateway",
  status_lost: "gateway",
  drained: "gateway",
  internal_error: "gateway"
} as const satisfies Readonly<Record<string, EndOwner>>

export const EndReason = Schema.Literals([
  "caller_hung_up",
  "callee_hung_up",
  "agent_ended",
  "operator_ended",
  "transferred",
  "max_duration",
  "media_lost",
  "media_never_started",
  "agent_unreachable",
  "agent_lost",
  "agent_refused",
  "carrier_rejected",
  "carrier_failed",
  "carrier_ended",
  "dial_unknown",
  "no_answer",
  "busy",
  "canceled",
  "policy_refused",
  "node_lost",
  "status_lost",
  "drained",
  "internal_error"
])
export type EndReason = typeof EndReason.Type
