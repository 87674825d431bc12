import { randomBytes } from "node:crypto"
import type { AgentCall } from "../AgentSpec.ts"

/** The ids of a stream as Twilio writes them: two letters and 32 hexadecimal digits. */
export interface StreamSids {
  readonly accountSid: string
  readonly callSid: string
  readonly streamSid: string
}

const digitsOf = (uuid: string) => uuid.replaceAll("-", "").toLowerCase()

/** The same account and call for every connection of a call, and a stream of its own for each. */
export const sidsOf = (call: Pick<AgentCall, "id" | "organizationId">): StreamSids => ({
  accountSid: `AC${digitsOf(call.organizationId)}`,
  callSid: `CA${digitsOf(call.id)}`,
  streamSid: `MZ${randomBytes(16).toString("hex")}`
})
