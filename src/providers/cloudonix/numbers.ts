import { Effect, Semaphore } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import { liesUnder } from "../../carrier/publicUrl.ts"
import type { ConfigureInbound, NumberOwnership, ProviderSync } from "../../carrier/TelephonyProvider.ts"
import type { Application, Dnid } from "./resources.ts"
import type { CloudonixRest } from "./rest.ts"

/** DNIDs are made for phone numbers; a SIP address reaches the domain in other ways. */
const isPhoneNumber = (address: string) => /^\+[1-9]\d{1,14}$/.test(address)

/** Whether a DNID is for exactly this number. It may hold what was entered, or the expression that was made of it. */
const isFor =
  (number: string) =>
  ({ source, dnid }: Dnid): boolean => {
    const entered = (source ?? "").replaceAll(/[\s()-]/g, "")
    const escaped = number.replace("+", "\\+")
    const expressions = [number, `^${escaped}$`, `^(${escaped})$`]
    return entered === number || `+${entered}` === number || expressions.includes((dnid ?? "").trim())
  }

/**
 * Whether the domain has a DNID for this number. Without one it may still be a number of the carrier behind a trunk, which
 * Cloudonix does not know: then it cannot tell.
 */
export const ownsNumber = (rest: CloudonixRest) =>
  Effect.fn("Cloudonix.ownsNumber")(function* (address: string) {
    if (!isPhoneNumber(address)) return "unknown" satisfies NumberOwnership
    return (yield* rest.dnids).some(isFor(address))
      ? ("owned" satisfies NumberOwnership)
      : ("unknown" satisfies NumberOwnership)
  })

const done = (message: string): ProviderSync => ({ ok: true, message })
const failed = (message: string): ProviderSync => ({ ok: false, message })

/**
 * Binds a number to our application, and the application to us. All DNIDs of an application share its URL, so taking one number
 * away changes nothing at Cloudonix: its calls still come here, and are refused. One change at a time, so that no two of
 * them create the same application.
 */
export const configureInbound = (rest: CloudonixRest, applicationName: string) => {
  const one = Semaphore.makeUnsafe(1)
  return Effect.fn("Cloudonix.configureInbound")(function* (change: ConfigureInbound) {
    if (change.addressType !== "pstn" || !isPhoneNumber(change.address)) {
      return done("Nothing to set at Cloudonix: the address is not a phone number.")
    }
    const { webhookUrl } = change
    if (webhookUrl === undefined) {
      return done(
        "Switchboard refuses calls to the number from now on. At Cloudonix nothing was changed, because its application may serve other numbers: remove the DNID there if you no longer need it."
      )
    }
    return yield* one.withPermit(attach(rest, applicationName, change, webhookUrl))
  })
}

const attach = Effect.fnUntraced(function* (
  rest: CloudonixRest,
  name: string,
  { address, statusUrl, ownUrlPrefix }: ConfigureInbound,
  webhookUrl: string
) {
  const applications = yield* rest.applications
  const dnid = (yield* rest.dnids).find(isFor(address))
  const taker = takerOf(dnid, applications, name, ownUrlPrefix)
  if (taker !== undefined) return failed(taker)

  const application = yield* boundApplication(rest, applications, name, webhookUrl)
  if (application?.url !== webhookUrl)
    return failed("Cloudonix did not keep the application's URL. Try again, or set it in the Cloudonix cockpit.")
  if (application.active === false)
    return failed(`The voice application "${name}" is not active at Cloudonix. Activate it in the cockpit.`)

  const bound = yield* boundDnid(rest, dnid, application, address)
  if (bound === undefined || !isBoundTo(bound, application))
    return failed("Cloudonix did not bind the number to the application. Try again, or bind its DNID in the cockpit.")
  return done(
    `Calls to the number arrive here. To be told of the end of inbound calls as well, set the domain's session update URL and CDR endpoint in the Cloudonix cockpit to ${statusUrl}`
  )
})

/** Whether calls to an application go nowhere yet. Those that Cloudonix has built in take calls without a URL. */
const isIdle = ({ type, url }: Application) => (url ?? "") === "" && /^(cxml|twiml)$/i.test(type ?? "cxml")

/** Why a number that the domain has already cannot be bound to us, if so. */
const takerOf = (
  dnid: Dnid | undefined,
  applications: ReadonlyArray<Application>,
  ownName: string,
  ownUrlPrefix: string
): string | undefined => {
  if (dnid === undefined) return undefined
  if (dnid.active === false) return "The number's DNID is not active at Cloudonix. Activate it in the cockpit."
  const current = applications.find((application) => isBoundTo(dnid, application))
  if (current === undefined || current.name === ownName || isIdle(current)) return undefined
  if (liesUnder(current.url ?? "", ownUrlPrefix)) return undefined
  return `The number belongs to the voice application "${current.name}" at Cloudonix, which is not ours. Move its DNID to "${ownName}" in the cockpit, or enter that application in this configuration.`
}

const isBoundTo = ({ applicationId }: Dnid, { id }: Application) => String(applicationId ?? "") === String(id)

/** The number's DNID, bound to the application: as the answer shows it, else as the list does. */
const boundDnid = Effect.fnUntraced(function* (
  rest: CloudonixRest,
  dnid: Dnid | undefined,
  application: Application,
  address: string
): Effect.fn.Return<Dnid | undefined, CarrierError> {
  if (dnid !== undefined && isBoundTo(dnid, application)) return dnid
  const shown = yield* dnid === undefined
    ? rest.createDnid(application.uuid, address)
    : rest.bindDnid(dnid.id, application.id)
  return shown ?? (yield* rest.dnids).find(isFor(address))
})

/** Our application with our URL: found by its name, else created. As the answer shows it, else as the list does. */
const boundApplication = Effect.fnUntraced(function* (
  rest: CloudonixRest,
  applications: ReadonlyArray<Application>,
  name: string,
  webhookUrl: string
): Effect.fn.Return<Application | undefined, CarrierError> {
  const named = (each: Application) => each.name === name
  const found = applications.find(named)
  // The default method is GET, which would put the caller's number into the URLs of every log on the way.
  if (found?.url === webhookUrl && found.method?.toUpperCase() === "POST") return found
  const shown = yield* found === undefined
    ? rest.createApplication({ name, type: "cxml", url: webhookUrl, method: "POST" })
    : rest.updateApplication(name, webhookUrl)
  return shown ?? (yield* rest.applications).find(named)
})
