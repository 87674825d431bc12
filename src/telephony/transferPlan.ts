import type { DialledTransfer } from "../carrier/TransferStrategy.ts"
import type { UrlTokens } from "../organizations/UrlTokens.ts"
import type { Call } from "./Call.ts"
import { reference } from "./CarrierDesk.ts"
import { reserveSeconds } from "./deadlines.ts"
import type { Transfer } from "./Transfer.ts"

/** A transfer as its carrier is told about it. */
export const transferPlan = (
  call: Call,
  transfer: Transfer,
  tokens: UrlTokens["Service"],
  maxCallSeconds: number
): DialledTransfer => ({
  transferId: transfer.id,
  call: reference(call),
  destination: transfer.destination,
  callerId: transfer.callerId,
  ringTimeoutSeconds: transfer.ringSeconds,
  maxDurationSeconds: maxCallSeconds + reserveSeconds,
  announcement: transfer.announcement,
  room: `transfer-${transfer.id}`,
  links: tokens.transferLinks(transfer.id, call.mode),
  destinationCallId: transfer.destinationCallId,
  destinationMemory: transfer.destinationMemory
})
