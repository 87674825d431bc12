import { type CallStatus, isFinal } from "../../carrier/CallStatus.ts"
import type { CallCost } from "../../carrier/TelephonyProvider.ts"

const statuses: ReadonlyMap<string, CallStatus> = new Map<string, CallStatus>([
  ["queued", "initiated"],
  ["initiated", "initiated"],
  ["ringing", "ringing"],
  ["in-progress", "in-progress"],
  ["completed", "completed"],
  ["busy", "busy"],
  ["no-answer", "no-answer"],
  ["timeout", "no-answer"],
  ["cancel", "canceled"],
  ["cancelled", "canceled"],
  ["canceled", "canceled"],
  ["failed", "failed"]
])

/** Plivo's word for the state of a call as the common one. Undefined: a word that we do not know. */
export const callStatus = (word: string): CallStatus | undefined => statuses.get(word.toLowerCase())

/** How a call that nobody answered ended, by its hangup code (Plivo: Hangup causes). Undefined: the code does not tell. */
const unansweredStatus = (code: number): CallStatus | undefined => {
  if (code === 3010 || code === 3100) return "busy"
  if (code === 3000 || code === 6010) return "no-answer"
  if (code === 1000 || code === 9000) return "canceled"
  if (code === 1010 || code === 1020) return "failed"
  const group = Math.floor(code / 1000)
  return [2, 3, 5, 7, 8].includes(group) ? "failed" : undefined
}

/** What Plivo tells about the end of a call, by webhook or record. */
export interface HangupFacts {
  /** The word for the state; it may be `completed` for a call that was never answered. */
  readonly word: string | undefined
  readonly code: string | undefined
  readonly durationMs: number
  /** Undefined where it is not told; empty for a call that was not answered. */
  readonly answerTime: string | undefined
}

export const wasAnswered = ({ durationMs, answerTime }: HangupFacts) => durationMs > 0 && answerTime !== ""

/**
 * How a call ended. One that was answered is completed, whoever hung up and why; otherwise the hangup code tells more than the
 * word, and an unknown end is a failure.
 */
export const finalStatus = (facts: HangupFacts): CallStatus => {
  if (wasAnswered(facts)) return "completed"
  const byCode = facts.code === undefined ? undefined : unansweredStatus(Number(facts.code))
  const byWord = callStatus(facts.word ?? "")
  return (
    byCode ?? (byWord !== undefined && isFinal(byWord) ? byWord : facts.code === undefined ? "failed" : "completed")
  )
}

/** Whole seconds, as text or a number, in ms. Absent for calls that never connected, which lasted no time. */
export const durationMs = (seconds: string | number | null | undefined): number => {
  const text = String(seconds ?? "")
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : 0
}

/** Plivo names no currency; its accounts are in US dollars unless agreed otherwise. Zero means that it is not rated yet. */
export const callCost = (amount: string | number | null | undefined): CallCost | undefined => {
  const text = String(amount ?? "")
  return /^\d{1,9}(?:\.\d{1,9})?$/.test(text) && /[1-9]/.test(text) ? { amount: text, currency: "USD" } : undefined
}
