import type { CallStatus } from "../../carrier/CallStatus.ts"
import type { TransferFailure } from "../../carrier/TransferStrategy.ts"

/** Asterisk's hang-up causes are those of ITU-T Q.850. */
const userBusy = 17
const rejected = 21
/** No user responding, no answer, subscriber absent; normal clearing and "normal, unspecified" before an answer. */
const unanswered: ReadonlySet<number> = new Set([16, 18, 19, 20, 31])
/** Unallocated number, no route, number changed, destination out of order, invalid format. */
const unreachable: ReadonlySet<number> = new Set([1, 3, 22, 27, 28])

/** How a call is over whose channel was destroyed with this cause. */
export const finalStatus = (cause: number, direction: "inbound" | "outbound", wasAnswered: boolean): CallStatus => {
  if (wasAnswered) return "completed"
  if (direction === "inbound") return "canceled"
  if (cause === userBusy) return "busy"
  return unanswered.has(cause) ? "no-answer" : "failed"
}

/** Why a transfer's destination did not answer. */
export const transferFailure = (cause: number): TransferFailure => {
  if (cause === userBusy) return "busy"
  if (cause === rejected) return "rejected"
  if (unreachable.has(cause)) return "unreachable"
  return unanswered.has(cause) ? "no_answer" : "carrier_failed"
}

/** The state of a channel as a call's status (Asterisk: ARI, Channel). Undefined: one that tells nothing about the call. */
export const channelStatus = (state: string | undefined): CallStatus | undefined =>
  state === undefined ? undefined : states.get(state)

const states: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["Down", "initiated"],
  ["Rsrvd", "initiated"],
  ["OffHook", "initiated"],
  ["Dialing", "initiated"],
  ["Ring", "ringing"],
  ["Ringing", "ringing"],
  ["Up", "in-progress"]
])
