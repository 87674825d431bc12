import { type SocketLimits, socketLimits } from "../socket/limits.ts"

/** The bounds of an agent's connection. Tests shorten them; the service uses `standardLimits`. */
export interface Limits extends SocketLimits {
  /** From `call.start` to the agent's answer, ms. */
  readonly acceptMs: number
}

export const standardLimits: Limits = { ...socketLimits, acceptMs: 5_000 }

/** `event` messages of an agent; more are refused and the leg goes on. */
export const events = { burst: 50, perSecond: 5 }
/** An `event` message larger than this is refused, bytes. */
export const maxEventBytes = 8 * 1024
