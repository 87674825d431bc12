import { Effect, Redacted } from "effect"
import { originOf } from "../../carrier/publicUrl.ts"
import type { ConfigureInbound, NumberOwnership, ProviderSync } from "../../carrier/TelephonyProvider.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { applicationName, ensureApplication, isOurs, type Owner } from "./application.ts"
import type { PlivoConfig } from "./config.ts"
import { digitsOf } from "./dialForm.ts"
import type { PhoneNumber } from "./resources.ts"
import type { PlivoRest } from "./rest.ts"

/** Only E.164 numbers can be looked up at Plivo; SIP addresses live outside of the account's numbers. */
const isPhoneNumber = (address: string) => /^\+[1-9]\d{1,14}$/.test(address)

/** Whether the account holds this number. */
export const ownsNumber = (rest: PlivoRest) =>
  Effect.fn("Plivo.ownsNumber")(function* (address: string) {
    if (!isPhoneNumber(address)) return "unknown" satisfies NumberOwnership
    const number = yield* rest.number(digitsOf(address))
    return number === undefined ? ("not-owned" satisfies NumberOwnership) : ("owned" satisfies NumberOwnership)
  })

const done = (...sentences: ReadonlyArray<string | undefined>): ProviderSync => ({
  ok: true,
  message: sentences.filter((sentence) => sentence !== undefined).join(" ")
})
const failed = (message: string): ProviderSync => ({ ok: false, message })

/** The application that a number is linked to, by the path that Plivo shows. */
const linkedApplication = ({ application }: PhoneNumber): string | undefined =>
  /\/Application\/(\d+)\/?$/.exec(application ?? "")?.[1]

const isOnTrunk = ({ application }: PhoneNumber) => /\/Trunk\//i.test(application ?? "")

/**
 * Sets or takes away the inbound webhook of one number. Plivo's numbers have none of their own: they are linked to an
 * application, which has the URLs, and which all numbers of this configuration share.
 */
export const configureInbound = (rest: PlivoRest, config: PlivoConfig, { configurationId }: AttachedAccount) => {
  const { applicationId } = config
  const owner: Owner = {
    configurationId,
    applicationId: applicationId === undefined ? undefined : Redacted.value(applicationId)
  }
  return Effect.fn("Plivo.configureInbound")(function* (change: ConfigureInbound) {
    if (change.addressType !== "pstn" || !isPhoneNumber(change.address)) {
      return done("Nothing to set at Plivo: the address is not a phone number.")
    }
    return change.webhookUrl === undefined
      ? yield* detach(rest, owner, change)
      : yield* attach(rest, owner, change, change.webhookUrl)
  })
}

const attach = Effect.fnUntraced(function* (
  rest: PlivoRest,
  owner: Owner,
  { address, statusUrl, ownUrlPrefix }: ConfigureInbound,
  webhookUrl: string
) {
  const digits = digitsOf(address)
  const number = yield* rest.number(digits)
  if (number === undefined)
    return failed("The number is not on this Plivo account. Check the account, or buy or port the number there.")
  if (number.voice_enabled === false)
    return failed("The number cannot take voice calls. Choose one with voice at Plivo.")
  if (isOnTrunk(number))
    return failed(
      "The number is on a SIP trunk (Zentrunk) at Plivo, so no webhook is used. Take it off the trunk there."
    )

  const application = yield* ensureApplication(rest, owner, { webhookUrl, statusUrl, ownUrlPrefix })
  if (!application.ok) return failed(application.message)
  const before = linkedApplication(number)
  if (before === application.id) return done("Calls to the number arrive here.", application.remark)

  yield* rest.linkNumber(digits, application.id)
  const now = yield* rest.number(digits)
  if (now === undefined || linkedApplication(now) !== application.id)
    return failed("Plivo did not link the number to the application. Try again, or link it in the Plivo console.")
  return done("Calls to the number arrive here.", application.remark, yield* whatWas(rest, before))
})

/** How to go back, where the number served something else before. Its text messages follow the application as well. */
const whatWas = Effect.fnUntraced(function* (rest: PlivoRest, before: string | undefined) {
  if (before === undefined) return undefined
  const application = yield* rest.application(before)
  const where = originOf(application?.answer_url ?? "")
  return `Before, the number was linked to application ${before}${where === "" ? "" : ` (${where})`}, also for text messages; to undo, link it to that one at Plivo.`
})

const detach = Effect.fnUntraced(function* (
  rest: PlivoRest,
  owner: Owner,
  { address, ownUrlPrefix }: ConfigureInbound
) {
  const digits = digitsOf(address)
  const number = yield* rest.number(digits)
  if (number === undefined) return done("The number is not on this Plivo account; nothing to take away.")
  const linked = linkedApplication(number)
  const application = linked === undefined ? undefined : yield* rest.application(linked)
  const isOwn =
    application !== undefined &&
    (owner.applicationId === undefined
      ? application.app_name === applicationName(owner.configurationId)
      : application.app_id === owner.applicationId) &&
    (application.answer_url ?? "") !== "" &&
    isOurs(application.answer_url, ownUrlPrefix, owner.configurationId)
  if (!isOwn) return done("The number's application is not ours; it was left as it is.")

  yield* rest.linkNumber(digits, null)
  const now = yield* rest.number(digits)
  return now !== undefined && linkedApplication(now) === linked
    ? failed("Plivo kept the number linked to our application. Unlink it in the Plivo console.")
    : done("Calls to the number no longer arrive here.")
})
