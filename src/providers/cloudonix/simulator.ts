import type { CarrierSimulator } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"

/**
 * A fake Cloudonix: one domain with applications, DNIDs, trunks, sessions and conferences by REST, CXML, JSON webhooks with
 * a static key, and media streams. Written from the published protocol alone; it shares no code with the provider. `start`
 * takes `CloudonixOptions` as well, for what is undocumented or differs between deployments.
 */
export const simulator = { start: startExchange } satisfies CarrierSimulator
