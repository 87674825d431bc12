import { randomBytes } from "node:crypto"
import type { CarrierSimulator, CarrierStream } from "../../simulator/SimulatorModule.ts"
import { startExchange } from "./simulator/exchange.ts"
import { settingsOf } from "./simulator/options.ts"
import { makeDialect, newCallSid, newStreamSid } from "./simulator/stream.ts"

/** Each inbound call is confirmed by a REST request, and hang-ups need some; a domain may send 10 in 3 s (Cloudonix: Core API). */
const sustainedCallsPerSecond = 1.5

/**
 * A fake Cloudonix: one domain with applications, DNIDs, trunks, sessions and conferences by REST, CXML, JSON webhooks with
 * a static key, and media streams. Written from the published protocol alone; it shares no code with the provider. `start`
 * takes `CloudonixOptions` as well, for what is undocumented or differs between deployments.
 */
export const simulator = { start: startExchange, sustainedCallsPerSecond, mayNotClear: true } satisfies CarrierSimulator

export const mediaStream = (): CarrierStream => {
  const providerCallId = randomBytes(16).toString("hex")
  const dialect = makeDialect(settingsOf({}), {
    accountSid: "simulated",
    session: providerCallId,
    callSid: newCallSid(),
    streamSid: newStreamSid(),
    from: "+442071838750",
    to: "+14155550123",
    context: "inbound",
    parameters: {},
    oneWay: false
  })
  return { providerCallId, dialect }
}
