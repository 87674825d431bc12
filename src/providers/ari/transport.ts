import type { TransportFactory } from "../../ProviderSpec.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { serializer } from "./serializer.ts"

/**
 * The media of a call in frames of 20 ms, at most 100 ms ahead of what the caller hears. A caller whose phone suppresses
 * silence sends nothing for as long as they are silent: then only the pings tell that Asterisk is there.
 */
export const transport: TransportFactory = (socket, call) =>
  openTransport(socket, call, {
    serializer: serializer(call),
    frameMs: 20,
    leadFrames: 5,
    idleTimeout: "2 days",
    pingEvery: "10 seconds"
  })
