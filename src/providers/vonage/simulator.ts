import type { CarrierSimulator } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"

/**
 * A fake Vonage: the Voice, Applications, Numbers and Account APIs on a loopback port, signed webhooks, NCCOs, media sockets.
 * One generated account with one application. Written from the published protocol alone; it shares no code with the provider.
 */
export const simulator: CarrierSimulator = { start: startExchange }
