import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { newSid } from "./simulator/account.ts"
import { startExchange } from "./simulator/exchange.ts"
import { makeDialect } from "./simulator/stream.ts"

/**
 * A fake Twilio: Programmable Voice by REST under `/2010-04-01`, signed webhooks, TwiML, Media Streams. One generated
 * account, on a loopback port. Written from the published protocol alone; it shares no code with the provider.
 */
export const simulator: CarrierSimulator = { start: startExchange }

export const mediaStream = (): CarrierStream => {
  const providerCallId = newSid("CA")
  const stream = { accountSid: newSid("AC"), streamSid: newSid("MZ"), parameters: {}, oneWay: false }
  return { providerCallId, dialect: makeDialect({ ...stream, callSid: providerCallId }) }
}
