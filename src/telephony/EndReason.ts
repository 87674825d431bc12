import { Schema, Struct } from "effect"

/** Who ended a call. */
export const EndOwner = Schema.Literals(["caller", "callee", "agent", "carrier", "operator", "gateway"])
export type EndOwner = typeof EndOwner.Type

/** Why a call ended, and whose doing it was: a closed list. Every call ends with exactly one. */
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

export const EndReason = Schema.Literals(Struct.keys(owners))
export type EndReason = typeof EndReason.Type
