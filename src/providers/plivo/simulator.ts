import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { newId } from "./simulator/account.ts"
import { startExchange } from "./simulator/exchange.ts"
import { format, makeDialect } from "./simulator/stream.ts"

/**
 * A fake Plivo: Voice by REST under `/v1/Account/{auth_id}/`, webhooks signed by the V3 scheme, Plivo XML, Audio Streaming,
 * conferences and dialled legs. One generated account, on a loopback port. Written from the published protocol alone; it
 * shares no code with the provider.
 */
export const simulator = { start: startExchange } satisfies CarrierSimulator

export const mediaStream = (): CarrierStream => {
  const providerCallId = newId()
  const dialect = makeDialect({
    accountId: "MA0000000000SIMULATE",
    callId: providerCallId,
    streamId: newId(),
    format,
    bidirectional: true,
    extraHeaders: "",
    startedMs: 0,
    mediaBeforeStart: false,
    onEvent: () => {}
  })
  return { providerCallId, dialect }
}
