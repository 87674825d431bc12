import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { startAsterisk } from "./simulator/asterisk.ts"
import { makeMediaStream } from "./simulator/mediaStream.ts"

/**
 * A fake Asterisk: the REST interface and its events socket on one loopback port, media over WebSocket dialled by either
 * side, one user. Written from the published protocol alone; it shares no code with the provider.
 */
export const simulator = { start: startAsterisk } satisfies CarrierSimulator

/** ulaw, with Asterisk as the client and control in plain text. */
export const mediaStream = (): CarrierStream => makeMediaStream()
