import { type SocketLimits, socketLimits } from "../socket/limits.ts"

/** The bounds of a bot's connection. Tests shorten them; the service uses `standardLimits`. */
export interface Limits extends SocketLimits {
  /** Audio that a bot may be ahead of the phone before its connection is not read, on top of what the playout keeps, ms. */
  readonly aheadMs: number
}

/** Ten minutes ahead, as at Twilio (error 31931), and room for the marks of so much audio when they all come back at once. */
export const standardLimits: Limits = { ...socketLimits, aheadMs: 600_000, maxUnreadBytes: 4 * 1024 * 1024 }

/** A mark's name may have so many characters. */
export const maxMarkLength = 1024

/** What a message costs of the budget `controls`: one, and one more for so many bytes. */
const bytesPerCost = 4096
/** ms of audio that give back as much. Small pieces with a mark behind each of them are no flood. */
const msPerCredit = 5

/** What a message of `bytes` bytes with `audioMs` ms of audio in it costs of the budget of control messages. */
export const costOf = (bytes: number, audioMs: number): number => 1 + bytes / bytesPerCost - audioMs / msPerCredit
