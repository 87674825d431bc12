import { Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { ConfigureInbound, NumberOwnership, ProviderSync } from "../../carrier/TelephonyProvider.ts"
import { ensureApplication, isOurs, pointApplication } from "./application.ts"
import type { VobizConfig } from "./config.ts"
import type { AccountNumber } from "./resources.ts"
import type { VobizRest } from "./rest.ts"

/** Only E.164 numbers are among an account's numbers. */
const isPhoneNumber = (address: string) => /^\+[1-9]\d{1,14}$/.test(address)

/** Whether the account holds this number. A main account also holds those of its sub-accounts. */
export const ownsNumber = (rest: VobizRest) =>
  Effect.fn("Vobiz.ownsNumber")(function* (address: string) {
    if (!isPhoneNumber(address)) return "unknown" satisfies NumberOwnership
    return (yield* rest.number(address)) === undefined
      ? ("not-owned" satisfies NumberOwnership)
      : ("owned" satisfies NumberOwnership)
  })

const done = (message: string): ProviderSync => ({ ok: true, message })
const failed = (message: string): ProviderSync => ({ ok: false, message })

/** What keeps a number from taking calls, in words for an operator. */
export const hindrance = ({ is_blocked, is_trial_number, status }: AccountNumber): string | undefined => {
  if (is_trial_number === true) return "is a trial number at Vobiz, which cannot take calls"
  if (is_blocked === true || status === "blocked") return "is blocked at Vobiz"
  return (status ?? "active") === "active" ? undefined : "is not active at Vobiz"
}

/** Attaches a number to the configuration's application, or takes it away from one that announces its calls here. */
export const configureInbound = (rest: VobizRest, config: VobizConfig, configurationId: string) =>
  Effect.fn("Vobiz.configureInbound")(function* (change: ConfigureInbound) {
    if (change.addressType !== "pstn" || !isPhoneNumber(change.address))
      return done("Nothing to set at Vobiz: the address is not a phone number.")
    const number = yield* rest.number(change.address)
    return change.webhookUrl === undefined
      ? yield* detach(rest, number, change)
      : yield* attach(rest, config, configurationId, number, change, change.webhookUrl)
  })

/** The number first, then the application's URLs: a number that cannot be attached must not change where its siblings go. */
const attach = Effect.fnUntraced(function* (
  rest: VobizRest,
  config: VobizConfig,
  configurationId: string,
  number: AccountNumber | undefined,
  change: ConfigureInbound,
  webhookUrl: string
) {
  if (number === undefined)
    return failed("The number does not belong to this Vobiz account. Check the account, or buy the number there.")
  const hindered = hindrance(number)
  if (hindered !== undefined) return failed(`The number ${hindered}. See the Vobiz console.`)
  const id = yield* ensureApplication(rest, config, configurationId, webhookUrl, change.statusUrl)
  const refused = yield* rest.attachNumber(change.address, id).pipe(
    Effect.as(undefined),
    Effect.catchIf(isRefusal, (error) => Effect.succeed(refusalText(error)))
  )
  if (refused !== undefined) return failed(refused)
  const application = yield* rest.application(id)
  if (application === undefined) return failed("The Vobiz application does not exist. Correct or clear its id.")
  const { othersHangup } = yield* pointApplication(rest, application, change, webhookUrl)
  return done(
    othersHangup
      ? "Calls to the number arrive here. Its application's hangup URL belongs to another service and was left as it is."
      : "Calls to the number arrive here."
  )
})

const isRefusal = ({ kind }: CarrierError) => kind === "rejected" || kind === "not-found"

const refusalText = ({ code, httpStatus, message }: CarrierError) => {
  if (httpStatus === 404) return "Vobiz does not find the number or the application in this account. Check both there."
  return httpStatus === 409 && code === undefined
    ? "The number is attached to another application at Vobiz. Detach it there."
    : message
}

const detach = Effect.fnUntraced(function* (
  rest: VobizRest,
  number: AccountNumber | undefined,
  { address, ownUrlPrefix }: ConfigureInbound
) {
  const attached = number?.application_id ?? ""
  if (attached === "") return done("The number is attached to nothing at Vobiz; nothing to take away.")
  const application = yield* rest.application(attached)
  if (application !== undefined && !isOurs(application, ownUrlPrefix))
    return done("The number's application is not ours; it was left as it is.")
  yield* rest.detachNumber(address)
  return done("Calls to the number no longer arrive here.")
})
