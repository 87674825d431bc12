import type { CarrierSimulator } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"

/**
 * A fake Twilio: Programmable Voice by REST under `/2010-04-01`, signed webhooks, TwiML, Media Streams. One generated
 * account, on a loopback port. Written from the published protocol alone; it shares no code with the provider.
 */
export const simulator: CarrierSimulator = { start: startExchange }
