import type { CarrierSimulator } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"

/**
 * A fake Plivo: Voice by REST under `/v1/Account/{auth_id}/`, webhooks signed by the V3 scheme, Plivo XML, Audio Streaming,
 * conferences and dialled legs. One generated account, on a loopback port. Written from the published protocol alone; it
 * shares no code with the provider.
 */
export const simulator = { start: startExchange } satisfies CarrierSimulator
