import type { DialledTransfer } from "../../../src/carrier/TransferStrategy.ts"
import { call } from "./account.ts"

export const destinationToken = "d0d0d0d0989b11e7b3d32b9edb8660c7"

/** A transfer of the documents' call, after its dial. */
export const plan: DialledTransfer = {
  transferId: "transfer-1",
  call: { ...call, from: "+442071838750", to: "+14155550123" },
  destination: "+12125550100",
  callerId: "+14155550123",
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 3600,
  announcement: "A caller for you.",
  room: "transfer-room",
  links: { route: (path) => `https://voice.example.com${path}/t` },
  destinationCallId: destinationToken,
  destinationMemory: {}
}
