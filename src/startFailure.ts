import { Cause } from "effect"
import type { ServeError } from "effect/http/HttpServerError"
import { causeText } from "./store/causeText.ts"

const isServeError = (error: unknown): error is ServeError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "ServeError"

/** Node's own words end with the address: `listen EADDRINUSE: address already in use 127.0.0.1:8080`. */
const listening = ({ cause }: ServeError) =>
  `It cannot listen: ${causeText(cause).replace(/^listen E[A-Z]+: /, "")}. Set HOST and PORT to an address of this machine that nothing else listens on.`

/**
 * Why the service did not start, for a person at a terminal: what every error says, and nothing of its insides. Only of a
 * defect, which nobody can do anything about, all is told.
 */
export const startFailure = <E extends { readonly message: string }>(cause: Cause.Cause<E>): string => {
  const problems = cause.reasons.flatMap((reason) => {
    if (!Cause.isFailReason(reason)) return []
    return [isServeError(reason.error) ? listening(reason.error) : reason.error.message]
  })
  const told = problems.length > 0 ? Array.from(new Set(problems)).join("\n") : Cause.pretty(cause)
  return `Switchboard did not start. ${told}`
}
