import { randomUUID } from "node:crypto"
import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"
import { makeDialect } from "./simulator/stream.ts"

/**
 * A fake Vobiz: Voice by REST, signed webhooks, call markup, the media socket. One generated account, on a loopback port. Written from
 * the published protocol alone; it shares no code with the provider. Its own options (`VobizOptions`) choose between what the real
 * carrier was seen to do and what its documents say.
 */
export const simulator = { start: startExchange } satisfies CarrierSimulator

export const mediaStream = (): CarrierStream => {
  const providerCallId = randomUUID()
  const dialect = makeDialect({
    callId: providerCallId,
    streamId: randomUUID(),
    contentType: "audio/x-mulaw;rate=8000",
    bidirectional: true,
    startedMs: 0,
    clearedAfterMs: 0,
    tell: () => {}
  })
  return { providerCallId, dialect }
}
