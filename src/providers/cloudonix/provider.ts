import { Effect } from "effect"
import { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import type { CallReference, ConnectionTest, TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { hangUp, placeCall, sessionOf } from "./calls.ts"
import type { CloudonixConfig } from "./config.ts"
import { answer, reject } from "./cxml.ts"
import { configureInbound, ownsNumber } from "./numbers.ts"
import type { Trunk } from "./resources.ts"
import { type CloudonixRest, makeRest } from "./rest.ts"
import { sessionReport } from "./session.ts"
import { transferStrategy } from "./transfer.ts"
import { makeVerify } from "./verify.ts"
import { parseInbound, parseStatus } from "./webhooks.ts"

/** A Cloudonix domain at work. */
export const make = Effect.fnUntraced(function* (config: CloudonixConfig, attached: AttachedAccount) {
  const rest = makeRest(yield* CarrierToolkit, config)
  const applicationName = config.applicationName ?? `switchboard-${attached.configurationId}`
  const telephony: TelephonyProvider = {
    placeCall: placeCall(rest, config),
    hangUp: hangUp(rest),
    callStatus: Effect.fn("Cloudonix.callStatus")(function* (call: CallReference) {
      const session = yield* sessionOf(rest, call)
      return session === undefined ? undefined : sessionReport(session, "poll")
    }),
    verify: makeVerify(config, rest.session),
    parseInbound,
    parseStatus,
    answer,
    reject,
    testConnection: testConnection(rest, config),
    transfer: transferStrategy(rest, config),
    ownsNumber: ownsNumber(rest),
    configureInbound: configureInbound(rest, applicationName)
  }
  return telephony
})

const testConnection = (rest: CloudonixRest, config: CloudonixConfig): TelephonyProvider["testConnection"] =>
  Effect.gen(function* () {
    const domain = yield* rest.domain
    if (domain.active === false)
      return { ok: false, message: "The Cloudonix domain is not active. See the Cloudonix cockpit.", warnings: [] }
    const trunks = yield* Effect.option(rest.trunks)
    const message = "Cloudonix accepts the API key for the domain."
    return { ok: true, message, warnings: trunks._tag === "Some" ? trunkWarnings(trunks.value, config.trunk) : [] }
  }).pipe(
    Effect.catchIf(isOperators, ({ message }: CarrierError) =>
      Effect.succeed<ConnectionTest>({ ok: false, message, warnings: [] })
    ),
    Effect.withSpan("Cloudonix.testConnection")
  )

const isOperators = ({ kind }: CarrierError) => kind === "credentials" || kind === "not-found"

/** What a person should know about the way out of the domain. */
const trunkWarnings = (trunks: ReadonlyArray<Trunk>, chosen: string | undefined): ReadonlyArray<string> => {
  const outbound = trunks.filter(
    ({ active, direction }) => active !== false && /outbound$/i.test(direction ?? "outbound")
  )
  if (chosen !== undefined) {
    return outbound.some(({ name }) => name === chosen)
      ? []
      : [`The domain has no active outbound trunk "${chosen}": calls may not leave it. Check its name in the cockpit.`]
  }
  if (outbound.length === 0)
    return ["The domain shows no active outbound trunk: calls may not leave it. Add one in the Cloudonix cockpit."]
  return outbound.length === 1
    ? []
    : [
        `The domain has ${outbound.length} active outbound trunks, and calls leave by the first that takes them. Choose one in this configuration.`
      ]
}
