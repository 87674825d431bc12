import type { TransportFactory } from "../../ProviderSpec.ts"
import type { MediaCall } from "../../Transport.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { serializer } from "./serializer.ts"

/** A stream names the main account, also for the calls of a subaccount: then there is nothing to compare. */
const comparable = (call: MediaCall): MediaCall =>
  call.accountId?.startsWith("SA") === true ? { ...call, accountId: undefined } : call

/**
 * The media stream of a call: frames of 20 ms, sent at most 200 ms ahead of what the caller hears, so that little is lost when
 * the caller barges in, and Plivo's own queue stays short.
 */
export const transport: TransportFactory = (socket, call) =>
  openTransport(socket, comparable(call), { serializer, frameMs: 20, leadFrames: 10 })
