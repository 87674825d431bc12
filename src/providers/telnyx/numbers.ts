import { Effect } from "effect"
import { liesUnder } from "../../carrier/publicUrl.ts"
import type { ConfigureInbound, NumberOwnership, ProviderSync } from "../../carrier/TelephonyProvider.ts"
import type { Applications } from "./applications.ts"
import type { TelnyxRest } from "./rest.ts"
import type { Application, PhoneNumber } from "./resources.ts"

/** Only E.164 numbers can be looked up at Telnyx. */
const isPhoneNumber = (address: string) => /^\+[1-9]\d{1,14}$/.test(address)

/** Whether the account holds exactly this number. */
export const ownsNumber = (rest: TelnyxRest) =>
  Effect.fn("Telnyx.ownsNumber")(function* (address: string) {
    if (!isPhoneNumber(address)) return "unknown" satisfies NumberOwnership
    const number = yield* rest.phoneNumber(address)
    return number === undefined ? ("not-owned" satisfies NumberOwnership) : ("owned" satisfies NumberOwnership)
  })

const done = (message: string): ProviderSync => ({ ok: true, message })
const failed = (message: string): ProviderSync => ({ ok: false, message })

/** What of the account the set-up of numbers depends on. */
interface Setup {
  readonly rest: TelnyxRest
  readonly applications: Applications
  readonly configurationId: string
  readonly hasWebhookKey: boolean
}

/**
 * Brings a number's calls here: Telnyx sends them to the application that the number is bound to, and the application has the
 * webhook. Taking one number away changes nothing, because the others of the application need the webhook.
 */
export const configureInbound = (setup: Setup) =>
  Effect.fn("Telnyx.configureInbound")(function* (change: ConfigureInbound) {
    if (change.addressType !== "pstn" || !isPhoneNumber(change.address)) {
      return done("Nothing to set at Telnyx: the address is not a phone number.")
    }
    if (change.webhookUrl === undefined) {
      return done("Calls to the number are refused from now on. It stays with its application at Telnyx.")
    }
    return yield* attach(setup, change, change.webhookUrl)
  })

const attach = Effect.fnUntraced(function* (
  setup: Setup,
  { address, ownUrlPrefix }: ConfigureInbound,
  webhookUrl: string
) {
  const { rest, applications } = setup
  const number = yield* rest.phoneNumber(address)
  if (number === undefined) {
    return failed(
      "The number does not belong to this Telnyx account. Check the account, or buy or port the number there."
    )
  }
  const before = yield* applications.current.pipe(Effect.catchIf(isMissing, () => Effect.undefined))
  if (before === undefined && applications.isNamed) {
    return failed("The connection ID is no Voice API application of this account. Correct it, or leave it empty.")
  }
  if (isBoundElsewhere(number, before)) {
    return failed(
      "The number is bound to another connection at Telnyx, and was left there. Take it off there, or enter that connection's ID if it is a Voice API application."
    )
  }
  const url = before === undefined ? webhookUrl : urlFor(setup, before, webhookUrl)
  const application = yield* before === undefined ? applications.create(url) : applications.bring(before, url)
  if (number.connection_id !== application.id) yield* rest.bindNumber(number.id, application.id)
  return verdict(setup, { application, before, number, url, ownUrlPrefix })
})

const isMissing = ({ kind }: { readonly kind: string }) => kind === "not-found"

const isBoundElsewhere = ({ connection_id }: PhoneNumber, application: Application | undefined) =>
  (connection_id ?? "") !== "" && connection_id !== application?.id

/**
 * An application that a person named may serve several configurations here, and has only one webhook URL. Then it gets the one
 * without any configuration's token: whose call it is follows from the connection id and the number.
 */
const urlFor = ({ applications, configurationId }: Setup, application: Application, webhookUrl: string): string => {
  const shared = webhookUrl.slice(0, webhookUrl.lastIndexOf("/"))
  const now = application.webhook_event_url ?? ""
  const isAnothers = liesUnder(now, shared) && now !== webhookUrl && !now.includes(configurationId)
  return applications.isNamed && isAnothers ? shared : webhookUrl
}

interface Outcome {
  readonly application: Application
  readonly before: Application | undefined
  readonly number: PhoneNumber
  readonly url: string
  readonly ownUrlPrefix: string
}

/** What came of it, the most pressing first. */
const verdict = (
  { hasWebhookKey }: Setup,
  { application, before, number, url, ownUrlPrefix }: Outcome
): ProviderSync => {
  if (application.webhook_event_url !== url) {
    return failed("Telnyx did not keep the application's webhook. Try again, or set it in the Telnyx portal.")
  }
  if (application.active === false)
    return failed("The application is switched off at Telnyx. Switch it on in the portal.")
  if (!hasWebhookKey) {
    return failed("The number is set up, but calls are refused: enter the account's webhook public key.")
  }
  const status = number.status ?? "active"
  if (status !== "active") {
    const word = /^[a-z-]{1,32}$/.test(status) ? ` (${status})` : ""
    return failed(`The number is set up, but not active at Telnyx yet${word}. See the Telnyx portal.`)
  }
  if ((application.outbound?.outbound_voice_profile_id ?? "") === "") {
    return failed(
      "Calls to the number arrive here, but none can be placed: the application has no outbound voice profile. Enter its ID."
    )
  }
  const old = before?.webhook_event_url ?? ""
  return done(
    old === "" || liesUnder(old, ownUrlPrefix)
      ? "Calls to the number arrive here."
      : "Calls to the number arrive here. The application's webhook went elsewhere before, for all of its numbers."
  )
}
