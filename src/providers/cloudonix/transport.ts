import { Effect } from "effect"
import type { TransportFactory } from "../../ProviderSpec.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { serializerFor } from "./serializer.ts"

/** Nothing tells what the caller has heard, so a little longer than our own clock says, for what is on its way. */
const onItsWay = "300 millis"

/**
 * The media stream of a call: mu-law at 8 kHz in frames of 20 ms. Cloudonix publishes no buffer, and `clear` is not proved to
 * empty one: at most 100 ms are sent ahead of what the caller hears, which is what a barge-in may lose.
 */
export const transport: TransportFactory = (socket, call) =>
  Effect.map(
    openTransport(socket, call, {
      serializer: serializerFor(call.accountId),
      frameMs: 20,
      leadFrames: 5,
      handshakeTimeout: "10 seconds"
    }),
    (opened) => ({ ...opened, drained: Effect.andThen(opened.drained, Effect.sleep(onItsWay)) })
  )
