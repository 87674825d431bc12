import type { CarrierSimulator } from "../../simulator/SimulatorModule.ts"
import { startAsterisk } from "./simulator/asterisk.ts"

/**
 * A fake Asterisk: the REST interface and its events socket on one loopback port, media over WebSocket dialled by either
 * side, one user. Written from the published protocol alone; it shares no code with the provider.
 */
export const simulator = { start: startAsterisk } satisfies CarrierSimulator
