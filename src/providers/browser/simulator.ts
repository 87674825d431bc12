import { randomUUID } from "node:crypto"
import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { startPage } from "./simulator/page.ts"
import { makeDialect } from "./simulator/stream.ts"

/**
 * A fake page with a phone, written from the protocol's description alone (docs/providers/browser.md); it shares no code with the
 * provider. It gets its passes as the real page does: from the service (`FakeCarrier.setPasses`).
 */
export const simulator: CarrierSimulator = { start: startPage }

/** The start names no call: the socket's URL does. */
export const mediaStream = (): CarrierStream => ({ providerCallId: randomUUID(), dialect: makeDialect(undefined) })
