import { Effect } from "effect"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { ConnectionTest, TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import { publicKeyOf, signsWebhooks, voiceOf } from "./application.ts"
import type { VonageConfig } from "./config.ts"
import { belongTogether } from "./privateKey.ts"
import type { VonageRest } from "./rest.ts"

const failed = (message: string): ConnectionTest => ({ ok: false, message, warnings: [] })

const unknownApplication = failed(
  "The API key and secret are right, but the account has no application with this id. Copy it from the Vonage dashboard."
)

/** What a refusal says about the credentials; anything else is no answer to the question. */
const asOutcome = (error: CarrierError): Effect.Effect<ConnectionTest, CarrierError> =>
  error.kind === "credentials" ? Effect.succeed(failed(error.message)) : Effect.fail(error)

/**
 * Asks Vonage about the credentials, from the key and secret to the application, and from there to its private key. Changes
 * nothing there.
 */
export const testConnection = (rest: VonageRest, config: VonageConfig): TelephonyProvider["testConnection"] =>
  Effect.gen(function* () {
    const application = yield* rest.application
    if (voiceOf(application) === undefined)
      return failed("The application has no Voice capability. Switch it on in the Vonage dashboard.")
    const publicKey = publicKeyOf(application)
    if (publicKey !== undefined && belongTogether(config.privateKey, publicKey) === false)
      return failed("The private key is not the application's. Paste the key that belongs to it, or generate new ones.")
    yield* rest.voice(rest.voiceBase(config.voiceUrl)).legs([["page_size", "1"]])
    const balance = yield* Effect.orElseSucceed(rest.balance, () => undefined)
    const warnings = [
      ...(config.signatureSecret === undefined
        ? ["Without the signature secret no webhook can be checked, so no call can be answered. Enter it."]
        : []),
      ...(signsWebhooks(application)
        ? []
        : ["The application's webhooks are not signed, so they are refused. Turn signed webhooks on at Vonage."]),
      ...(balance !== undefined && balance <= 0 ? ["The account's balance is used up: calls will fail."] : [])
    ]
    const tested: ConnectionTest = { ok: true, message: "Vonage accepts the credentials.", warnings }
    return tested
  }).pipe(
    Effect.catchIf(
      ({ kind }) => kind === "not-found",
      () => Effect.succeed(unknownApplication)
    ),
    Effect.catchTag("CarrierError", asOutcome),
    Effect.withSpan("Vonage.testConnection")
  )
