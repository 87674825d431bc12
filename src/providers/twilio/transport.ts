import type { TransportFactory } from "../../ProviderSpec.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { serializer } from "./serializer.ts"

/**
 * The media stream of a call: mu-law at 8 kHz in frames of 20 ms, sent at most 200 ms ahead of what the caller hears, so
 * that little is lost when the caller barges in.
 */
export const transport: TransportFactory = (socket, call) =>
  openTransport(socket, call, { serializer, frameMs: 20, leadFrames: 10 })
