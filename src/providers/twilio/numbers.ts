import { Effect } from "effect"
import { liesUnder } from "../../carrier/publicUrl.ts"
import type { ConfigureInbound, NumberOwnership, ProviderSync } from "../../carrier/TelephonyProvider.ts"
import type { IncomingNumber, TwilioRest } from "./rest.ts"

/** Only E.164 numbers can be looked up at Twilio; SIP addresses live outside of the account's numbers. */
const isPhoneNumber = (address: string) => /^\+[1-9]\d{1,14}$/.test(address)

/**
 * Whether the account may show this number as its caller id: it owns it, or has proved that it may use it (a verified caller
 * id). The latter cannot receive calls here; `configureInbound` says so.
 */
export const ownsNumber = (rest: TwilioRest) =>
  Effect.fn("Twilio.ownsNumber")(function* (address: string) {
    if (!isPhoneNumber(address)) return "unknown" satisfies NumberOwnership
    const owned = yield* rest.incomingNumber(address)
    const usable = owned !== undefined || (yield* rest.isVerifiedCallerId(address))
    return usable ? ("owned" satisfies NumberOwnership) : ("not-owned" satisfies NumberOwnership)
  })

const done = (message: string): ProviderSync => ({ ok: true, message })
const failed = (message: string): ProviderSync => ({ ok: false, message })

/** What takes a number's calls away from its voice URL, if anything does. */
const takenBy = ({ voice_application_sid, trunk_sid }: IncomingNumber): string | undefined => {
  if ((trunk_sid ?? "") !== "") return "a SIP trunk"
  return (voice_application_sid ?? "") === "" ? undefined : "a TwiML application"
}

/** Sets or takes away the voice webhook of one number. What was set there by others is left alone when detaching. */
export const configureInbound = (rest: TwilioRest) =>
  Effect.fn("Twilio.configureInbound")(function* (change: ConfigureInbound) {
    if (change.addressType !== "pstn" || !isPhoneNumber(change.address)) {
      return done("Nothing to set at Twilio: the address is not a phone number.")
    }
    const number = yield* rest.incomingNumber(change.address)
    return change.webhookUrl === undefined
      ? yield* detach(rest, number, change)
      : yield* attach(rest, number, change, change.webhookUrl)
  })

const attach = Effect.fnUntraced(function* (
  rest: TwilioRest,
  number: IncomingNumber | undefined,
  { address, statusUrl, ownUrlPrefix }: ConfigureInbound,
  webhookUrl: string
) {
  if (number === undefined) {
    return failed(
      (yield* rest.isVerifiedCallerId(address))
        ? "The number is only a verified caller id at Twilio: calls can show it, but it cannot receive calls here."
        : "The number does not belong to this Twilio account. Check the account, or buy or port the number there."
    )
  }
  if (number.capabilities?.voice === false)
    return failed("The number cannot take voice calls. Choose one with voice at Twilio.")
  const taker = takenBy(number)
  if (taker !== undefined)
    return failed(`The number is attached to ${taker} at Twilio, so its webhook is not used. Detach it there.`)

  const callback = number.status_callback ?? ""
  const othersCallback = callback !== "" && !liesUnder(callback, ownUrlPrefix)
  yield* rest.updateNumber(number.sid, [
    ["VoiceUrl", webhookUrl],
    ["VoiceMethod", "POST"],
    ...(othersCallback
      ? []
      : ([
          ["StatusCallback", statusUrl],
          ["StatusCallbackMethod", "POST"]
        ] as const))
  ])
  const now = yield* rest.incomingNumberBySid(number.sid)
  const takenMeanwhile = takenBy(now)
  if (takenMeanwhile !== undefined) {
    return failed(`The number is attached to ${takenMeanwhile} at Twilio, so its webhook is not used. Detach it there.`)
  }
  if (now.voice_url !== webhookUrl)
    return failed("Twilio did not keep the webhook. Try again, or set it in the Twilio console.")
  return done(
    othersCallback
      ? "Calls to the number arrive here. Its status callback belongs to another service and was left as it is."
      : "Calls to the number arrive here."
  )
})

const detach = Effect.fnUntraced(function* (
  rest: TwilioRest,
  number: IncomingNumber | undefined,
  { ownUrlPrefix }: ConfigureInbound
) {
  if (number === undefined) return done("The number is not in this Twilio account; nothing to take away.")
  const ours = (url: string | null | undefined) => (url ?? "") !== "" && liesUnder(url ?? "", ownUrlPrefix)
  const form = [
    ...(ours(number.voice_url) ? ([["VoiceUrl", ""]] as const) : []),
    ...(ours(number.status_callback) ? ([["StatusCallback", ""]] as const) : [])
  ]
  if (form.length === 0) return done("The number's webhook is not ours; it was left as it is.")
  yield* rest.updateNumber(number.sid, form)
  return done("Calls to the number no longer arrive here.")
})
