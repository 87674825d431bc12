import { Effect } from "effect"
import type { TransportFactory } from "../../ProviderSpec.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { Pacer } from "../../transport/pacer.ts"
import { patientSocket } from "./patientSocket.ts"
import { serializer, stopMessage } from "./serializer.ts"

/**
 * The media stream of a call: mu-law at 8 kHz in frames of 20 ms, sent at most 200 ms ahead of what the caller hears, so
 * that little is lost when the caller barges in. Before we close it, Vobiz is told that the stream is over: else it may open
 * another one.
 */
export const transport: TransportFactory = Effect.fnUntraced(function* (socket, call) {
  const pacer = yield* Pacer
  let farewell: string | undefined
  const patient = patientSocket(
    socket,
    () => pacer.now(),
    () => farewell
  )
  const opened = yield* openTransport(patient, call, { serializer, frameMs: 20, leadFrames: 10 })
  farewell = stopMessage(opened.info)
  return opened
})
