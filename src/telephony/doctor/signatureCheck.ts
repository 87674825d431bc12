import type { SignatureFailure } from "../signatures/SignatureFailures.ts"
import { type Check, failed, ok, warning } from "./Check.ts"

const name = "signatures"

const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`

/**
 * What the refused requests of the last 24 hours mean. `acceptedSince`: an inbound call was accepted after the last one of the
 * configuration. Pure.
 */
export const signatureCheck = (failures: ReadonlyArray<SignatureFailure>, acceptedSince: boolean): Check => {
  const own = failures.filter(({ configurationId }) => configurationId !== null)
  const [last] = own.length > 0 ? own : failures
  if (last === undefined) return ok(name, "No request was refused for its signature in the last 24 hours.")
  const step = last.details.explanation.next_step
  const reason = `The last reason: ${last.details.reason.replace(/\.$/, "")}.`
  if (own.length === 0) {
    return warning(
      name,
      `${plural(failures.length, "request")} that belong to no configuration were refused in the last 24 hours; they may be meant for this one. ${reason}`,
      step
    )
  }
  const refused = `${plural(own.length, "request")} of this configuration ${own.length === 1 ? "was" : "were"} refused in the last 24 hours. ${reason}`
  return acceptedSince ? warning(name, `${refused} Calls were accepted since.`, step) : failed(name, refused, step)
}
