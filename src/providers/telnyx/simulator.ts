import { randomUUID } from "node:crypto"
import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { newCallControlId } from "./simulator/account.ts"
import { startExchange } from "./simulator/exchange.ts"
import { makeDialect } from "./simulator/stream.ts"
import { formatOf, type StreamPlan } from "./simulator/streamOptions.ts"

/**
 * A fake Telnyx: Call Control (Voice API version 2) under `/v2`, webhooks signed with Ed25519, media streaming over WebSocket,
 * conferences, bridges and transfers. One generated account, on a loopback port. Written from the published protocol alone; it
 * shares no code with the provider.
 */
export const simulator: CarrierSimulator = { start: startExchange }

const usualPlan: Omit<StreamPlan, "url" | "track" | "early"> = {
  encoding: "PCMU",
  toUs: formatOf("PCMU"),
  fromUs: formatOf("PCMU"),
  unheard: undefined,
  oppositeOnly: false,
  parameters: []
}

export const mediaStream = (): CarrierStream => {
  const providerCallId = newCallControlId()
  const dialect = makeDialect({
    plan: usualPlan,
    streamId: randomUUID().toUpperCase(),
    userId: randomUUID(),
    leg: {
      id: providerCallId,
      sessionId: randomUUID(),
      from: "+442071838750",
      to: "+14155550123",
      clientState: null,
      record: { togetherWith: [] }
    },
    nowMs: () => 0
  })
  return { providerCallId, dialect }
}
