import { randomUUID } from "node:crypto"
import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"
import { makeDialect } from "./simulator/stream.ts"

/**
 * A fake Vonage: the Voice, Applications, Numbers and Account APIs on a loopback port, signed webhooks, NCCOs, media sockets.
 * One generated account with one application. Written from the published protocol alone; it shares no code with the provider.
 */
export const simulator: CarrierSimulator = { start: startExchange }

/** The start names no call but in the headers that our side gave to the socket; here it gave none. */
export const mediaStream = (): CarrierStream => ({ providerCallId: randomUUID(), dialect: makeDialect({}) })
