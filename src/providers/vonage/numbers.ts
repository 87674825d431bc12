import { Effect, Redacted } from "effect"
import type { ConfigureInbound, NumberOwnership, ProviderSync } from "../../carrier/TelephonyProvider.ts"
import { foreignOwner, isConfigured, voiceOf, withWebhooks } from "./application.ts"
import type { VonageConfig } from "./config.ts"
import { digitsOf } from "./legs.ts"
import type { OwnedNumber, VonageRest } from "./rest.ts"

/** Whether the account holds a number. Vonage has no caller ids that are only verified. */
export const ownsNumber = (rest: VonageRest) =>
  Effect.fn("Vonage.ownsNumber")(function* (address: string) {
    const digits = digitsOf(address)
    if (digits === undefined) return "unknown" satisfies NumberOwnership
    const number = yield* rest.ownedNumber(digits)
    return number === undefined ? ("not-owned" satisfies NumberOwnership) : ("owned" satisfies NumberOwnership)
  })

const done = (message: string): ProviderSync => ({ ok: true, message })
const failed = (message: string): ProviderSync => ({ ok: false, message })

const noSecret = failed(
  "Without the signature secret no webhook of Vonage can be believed, so no call can be taken. Enter it in the configuration."
)

/**
 * Points the application's webhooks here, and links the number to it. The webhooks are the application's, shared by all its numbers:
 * so nothing is taken away with one of them, and what belongs to somebody else is left alone and named.
 */
export const configureInbound = (rest: VonageRest, config: VonageConfig) =>
  Effect.fn("Vonage.configureInbound")(function* (change: ConfigureInbound) {
    const digits = change.addressType === "pstn" ? digitsOf(change.address) : undefined
    if (digits === undefined) return done("Nothing to set at Vonage: the address is not a phone number.")
    if (change.webhookUrl === undefined) {
      return done(
        "Left as it was at Vonage: the webhook is shared by all numbers of the application. Calls to this number are refused here."
      )
    }
    if (config.signatureSecret === undefined) return noSecret
    const number = yield* rest.ownedNumber(digits)
    const problem = unusable(number, config)
    if (number === undefined || problem !== undefined) return failed(problem ?? notOwned)
    const pointed = yield* pointWebhooks(rest, change.webhookUrl, change)
    return pointed.ok ? yield* link(rest, number, pointed) : pointed
  })

const notOwned =
  "The number does not belong to this Vonage account. Check the account, or buy or port the number there."

const unusable = (number: OwnedNumber | undefined, { applicationId }: VonageConfig): string | undefined => {
  if (number === undefined) return notOwned
  if (number.features !== undefined && !number.features.includes("VOICE"))
    return "The number cannot take voice calls. Choose one with voice at Vonage."
  const linked = number.app_id ?? ""
  return linked === "" || linked.toLowerCase() === Redacted.value(applicationId).toLowerCase()
    ? undefined
    : `The number is linked to another application at Vonage (${linked}). Unlink it there, then sync again.`
}

const pointWebhooks = Effect.fnUntraced(function* (
  rest: VonageRest,
  webhookUrl: string,
  { statusUrl, ownUrlPrefix }: ConfigureInbound
) {
  const before = yield* rest.application
  if (voiceOf(before) === undefined)
    return failed("The application has no Voice capability. Switch it on in the Vonage dashboard.")
  const owner = foreignOwner(before, "answer_url", ownUrlPrefix)
  if (owner !== undefined) {
    return failed(
      `The application's answer URL belongs to ${owner} and was left as it is. Clear it in the Vonage dashboard, or use an application of its own.`
    )
  }
  const eventOwner = foreignOwner(before, "event_url", ownUrlPrefix)
  const eventUrl = eventOwner === undefined ? statusUrl : undefined
  if (!isConfigured(before, webhookUrl, eventUrl)) {
    yield* rest.updateApplication(withWebhooks(before, webhookUrl, eventUrl))
    if (!isConfigured(yield* rest.application, webhookUrl, eventUrl))
      return failed("Vonage did not keep the webhooks. Try again, or set them in the Vonage dashboard.")
  }
  return done(
    eventOwner === undefined
      ? "Calls to the number arrive here."
      : `Calls to the number arrive here. The application's event URL belongs to ${eventOwner} and was left as it is.`
  )
})

const link = Effect.fnUntraced(function* (rest: VonageRest, number: OwnedNumber, pointed: ProviderSync) {
  if ((number.app_id ?? "") !== "") return pointed
  const linked = yield* rest.linkNumber(number)
  return linked
    ? pointed
    : failed("The number could not be linked to the application. Link it in the Vonage dashboard under Numbers.")
})
