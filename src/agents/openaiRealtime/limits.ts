import { type SocketLimits, socketLimits } from "../socket/limits.ts"

/** The bounds of a session. Tests shorten them; the service uses `standardLimits`. */
export interface Limits extends SocketLimits {
  /** From the open connection to a session with the agent's settings, ms. */
  readonly sessionMs: number
  /** The model's audio that may wait in our process, beside what the phone's own queue takes, ms. Over it, it is not read. */
  readonly aheadMs: number
  /** A pause after a key that ends a sequence of keys, ms. */
  readonly digitPauseMs: number
  /** How long the API has, after the caller spoke, to answer by itself before we ask it to, ms. */
  readonly replyMs: number
  /** How long after `end_call` the response may go on, ms. */
  readonly farewellMs: number
  /** For a tool's webhook, from the look-up of its host to the last byte, ms. */
  readonly toolMs: number
  /** The largest answer of a tool's webhook, bytes. */
  readonly maxToolAnswerBytes: number
}

export const standardLimits: Limits = {
  ...socketLimits,
  /** A minute of 24 kHz audio in base64 may come as one message. */
  maxMessageBytes: 4 * 1024 * 1024,
  sessionMs: 5_000,
  aheadMs: 240_000,
  digitPauseMs: 1_500,
  replyMs: 1_000,
  farewellMs: 10_000,
  toolMs: 10_000,
  maxToolAnswerBytes: 16 * 1024
}

/** Events of the API, of any kind: it sends faster than real time, but not like this. */
export const events = { burst: 5_000, perSecond: 500 }
/** What is written into the call's log: more is left out. */
export const notes = { burst: 100, perSecond: 5 }
/** Characters of a text in the call's log. */
export const maxNoteCharacters = 4_000
/** Characters of an operator's event that are kept for a session that follows a lost one. */
export const maxRecalledEvent = 2_000
/** Tools that may run at the same time. */
export const maxRunningTools = 8
/** Keys that make a sequence at the most. */
export const maxDigits = 64
