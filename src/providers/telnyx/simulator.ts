import type { CarrierSimulator } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"

/**
 * A fake Telnyx: Call Control (Voice API version 2) under `/v2`, webhooks signed with Ed25519, media streaming over WebSocket,
 * conferences, bridges and transfers. One generated account, on a loopback port. Written from the published protocol alone; it
 * shares no code with the provider.
 */
export const simulator: CarrierSimulator = { start: startExchange }
