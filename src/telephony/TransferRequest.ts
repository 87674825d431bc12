import { Schema } from "effect"

/** Where a caller is to be moved. */
export interface TransferWish {
  /** As a person wrote it. */
  readonly destination: string
  /** How long the destination may ring, s; 30 unless given, 5 to 120. */
  readonly timeoutSeconds?: number
  /** What the destination hears before it is joined; without it, it is joined at once. */
  readonly announcement?: string
  /** An active number of the call's configuration; the number that the call came in on, or was placed from, unless given. */
  readonly callerId?: string
}

/** A transfer was not begun; `message` says why, and what to do about it. */
export class TransferRefused extends Schema.TaggedError<TransferRefused>()("TransferRefused", {
  reason: Schema.Literals([
    "over",
    "not-connected",
    "not-supported",
    "announcement-not-supported",
    "under-way",
    "invalid-destination",
    "not-allowed",
    "invalid-caller-id",
    "unavailable"
  ]),
  message: Schema.String
}) {}
