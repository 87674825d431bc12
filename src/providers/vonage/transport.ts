import type { TransportFactory } from "../../ProviderSpec.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { serializerFor } from "./serializer.ts"

/**
 * The media socket of a call: 20 ms in every message, which are 640 bytes at 16 kHz; Vonage closes the socket on any other size.
 * Sent at most 200 ms ahead of what the caller hears, so that little is lost when the caller barges in. Vonage sends silence,
 * too: 10 s without a message mean that the socket is dead.
 */
export const transport: TransportFactory = (socket, call) =>
  openTransport(socket, call, {
    serializer: serializerFor(call),
    frameMs: 20,
    leadFrames: 10,
    idleTimeout: "10 seconds"
  })
