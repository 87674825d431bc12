import { Effect, Exit } from "effect"
import type { MediaEvent, Transport } from "../../../src/Transport.ts"
import { Pacer } from "../../../src/transport/pacer.ts"

export const live = Effect.provide(Pacer.layer)
export const listen = (transport: Transport) => transport.receive(() => {})
const errorOf = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit)
    ? exit.cause.reasons.map((reason) => (reason._tag === "Fail" ? reason.error : reason._tag))[0]
    : undefined
export const reasonOf = <A, E>(exit: Exit.Exit<A, E>) => {
  const error = errorOf(exit)
  return typeof error === "object" && error !== null && "reason" in error && "code" in error
    ? [error.reason, error.code]
    : error
}

/** Keeps the transports that the server opens, and runs each until its media ends. */
export const keeping = () => {
  const transports: Array<Transport> = []
  const events: Array<MediaEvent> = []
  const handler = (transport: Transport) => {
    transports.push(transport)
    return transport.receive((event) => void events.push(event))
  }
  return { transports, events, handler }
}
