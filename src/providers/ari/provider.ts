import { Effect } from "effect"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import { type ConnectionTest, MalformedWebhook, type TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import { SignatureRejected, VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { type AriAccount, makeAccount } from "./account.ts"
import { callStatus, hangUp, placeCall, sendDigits, turnAway } from "./calls.ts"
import { type AriConfig, provider } from "./config.ts"
import { listen } from "./listener.ts"
import { joinMedia, pickUp } from "./media.ts"
import { transferStrategy } from "./transfer.ts"

const noWebhooks = new SignatureRejected({ provider, reason: "Asterisk sends no webhooks" })
const noWebhook = new MalformedWebhook({ provider, message: "Asterisk sends no webhooks." })

const refused = (message: string): ConnectionTest => ({ ok: false, message, warnings: [] })

const testConnection = ({ app, config, release, rest }: AriAccount): TelephonyProvider["testConnection"] =>
  Effect.gen(function* () {
    const { hasMedia, hasTransportData, version } = yield* release
    const name = `Asterisk ${version.slice(0, 32)}`
    if (!hasMedia) return refused(`${name} has no WebSocket channels. Upgrade to 20.18, 22.8, 23.2 or newer.`)
    const old = `${name} is supported with limits: upgrade to 20.18, 22.8, 23.2 or newer.`
    const isThere = yield* rest.hasApplication(app)
    const absent = `The Stasis application ${app} is not there yet: Switchboard has not connected, or was connected elsewhere.`
    const test: ConnectionTest = {
      ok: true,
      message: `${name} accepts the ARI user.`,
      warnings: [
        ...(hasTransportData ? [] : [old]),
        ...(isThere ? [] : [absent]),
        ...(config.endpoint.startsWith("https:") ? [] : ["The connection is not encrypted: use https."])
      ]
    }
    return test
  }).pipe(
    Effect.catchIf(
      ({ kind }) => kind === "credentials" || kind === "rejected" || kind === "not-found" || kind === "unavailable",
      ({ message }) => Effect.succeed(refused(message))
    ),
    Effect.withSpan("Ari.testConnection")
  )

/** An Asterisk at work. It calls nobody back: what happens there is told over the events connection. */
export const make = Effect.fnUntraced(function* (config: AriConfig, attached: AttachedAccount) {
  const account = makeAccount(yield* CarrierToolkit, config, attached)
  const telephony: TelephonyProvider = {
    placeCall: placeCall(account),
    hangUp: hangUp(account),
    callStatus: callStatus(account),
    verify: VerifiedRequest.verifier(() => Effect.fail(noWebhooks)),
    parseInbound: () => Effect.fail(noWebhook),
    parseStatus: () => Effect.fail(noWebhook),
    answer: () => acknowledged,
    reject: () => acknowledged,
    testConnection: testConnection(account),
    pickUp: pickUp(account),
    turnAway: turnAway(account),
    mediaOpened: joinMedia(account),
    listen: listen(account),
    transfer: transferStrategy(account),
    sendDigits: sendDigits(account)
  }
  return telephony
})
