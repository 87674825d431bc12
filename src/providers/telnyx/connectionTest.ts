import { Effect } from "effect"
import type { ConnectionTest, TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import type { Applications } from "./applications.ts"
import type { Application } from "./resources.ts"
import type { TelnyxRest } from "./rest.ts"

const noKey = "There is no webhook public key, so every webhook is refused: enter the account's."
const noApplication = "There is no Voice API application yet: it is made when the first number gets an agent."
const noProfile = "The application has no outbound voice profile, so no call can be placed: enter its ID."

const refused = (message: string): ConnectionTest => ({ ok: false, message, warnings: [] })

const assess = (application: Application | undefined, hasWebhookKey: boolean): ConnectionTest => {
  if (application?.active === false) {
    return refused("The application is switched off at Telnyx. Switch it on in the portal.")
  }
  const hasProfile = (application?.outbound?.outbound_voice_profile_id ?? "") !== ""
  const warnings = [
    ...(hasWebhookKey ? [] : [noKey]),
    ...(application === undefined ? [noApplication] : hasProfile ? [] : [noProfile])
  ]
  return { ok: true, message: "Telnyx accepts the credentials.", warnings }
}

/** Asks for the balance, which proves the key, and looks at the application. Changes nothing. */
export const testConnection = (
  rest: TelnyxRest,
  { current, isNamed }: Applications,
  hasWebhookKey: boolean
): TelephonyProvider["testConnection"] =>
  Effect.gen(function* () {
    yield* rest.balance
    const application = yield* current.pipe(
      Effect.catchIf(
        ({ kind }) => kind === "not-found",
        () => Effect.undefined
      )
    )
    return application === undefined && isNamed
      ? refused("The connection ID is no Voice API application of this account. Correct it, or leave it empty.")
      : assess(application, hasWebhookKey)
  }).pipe(
    Effect.catchIf(
      ({ kind }) => kind === "credentials",
      ({ message }) => Effect.succeed(refused(message))
    ),
    Effect.withSpan("Telnyx.testConnection")
  )
