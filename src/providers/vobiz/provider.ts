import { Effect, Redacted } from "effect"
import { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { CallReference, ConnectionTest, PlaceCall, TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { askFor, dialBody, idOf } from "./calls.ts"
import type { VobizConfig } from "./config.ts"
import { answer, reject } from "./markup.ts"
import { configureInbound, hindrance, ownsNumber } from "./numbers.ts"
import { makeRest, type VobizRest } from "./rest.ts"
import { verifySignature } from "./signature.ts"
import { callCost } from "./statuses.ts"
import { transferStrategy } from "./transfer.ts"
import { parseInbound, parseStatus } from "./webhooks.ts"

/** A Vobiz account at work. */
export const make = Effect.fnUntraced(function* (config: VobizConfig, { configurationId }: AttachedAccount) {
  const toolkit = yield* CarrierToolkit
  const rest = makeRest(toolkit, config)
  const telephony: TelephonyProvider = {
    placeCall: Effect.fn("Vobiz.placeCall")(function* (call: PlaceCall) {
      const providerCallId = yield* rest.createCall(
        dialBody({
          from: call.from,
          to: call.to,
          answerUrl: call.links.answer,
          statusUrl: call.links.route("/status"),
          ringTimeoutSeconds: call.ringTimeoutSeconds,
          maxDurationSeconds: call.maxDurationSeconds
        })
      )
      return { providerCallId, rawStatus: "initiated" }
    }),
    hangUp: Effect.fn("Vobiz.hangUp")(function* (call: CallReference) {
      yield* rest.endCall(yield* idOf(call))
    }),
    callStatus: Effect.fn("Vobiz.callStatus")(function* (call: CallReference) {
      return yield* askFor(rest, yield* idOf(call))
    }),
    callCost: Effect.fn("Vobiz.callCost")(function* (call: CallReference) {
      const record = yield* rest.record(yield* idOf(call))
      return callCost(record?.total_cost, record?.currency)
    }),
    sendDigits: Effect.fn("Vobiz.sendDigits")(function* (call: CallReference, digits: string) {
      yield* rest.sendDigits(yield* idOf(call), digits)
    }),
    verify: VerifiedRequest.verifier(verifySignature(config, toolkit.nonces)),
    parseInbound: parseInbound(config.defaultCountry),
    parseStatus,
    answer,
    reject,
    testConnection: testConnection(rest, config),
    transfer: transferStrategy(rest),
    ownsNumber: ownsNumber(rest),
    configureInbound: configureInbound(rest, config, configurationId)
  }
  return telephony
})

/** A list of the account's own numbers proves the id in the path as well, which `/auth/me` would not. */
const testConnection = (
  rest: VobizRest,
  { authId, defaultCountry }: VobizConfig
): TelephonyProvider["testConnection"] =>
  rest.firstNumbers.pipe(
    Effect.map(({ items }): ConnectionTest => {
      const hindered = items.filter((number) => hindrance(number) !== undefined).length
      return {
        ok: true,
        message: "Vobiz accepts the credentials.",
        warnings: [
          ...(hindered > 0
            ? ["Some numbers of the account cannot take calls: they are on trial, blocked or not active."]
            : []),
          ...(/^(MA|SA)_/.test(Redacted.value(authId))
            ? []
            : ["The auth ID does not begin with MA_ or SA_. Check it."]),
          ...(defaultCountry === undefined
            ? ["No default country is set: calls to numbers that Vobiz writes in national form are not matched."]
            : [])
        ]
      }
    }),
    Effect.catchIf(
      ({ kind }) => kind === "credentials" || kind === "not-found",
      ({ message }) => Effect.succeed<ConnectionTest>({ ok: false, message, warnings: [] })
    ),
    Effect.withSpan("Vobiz.testConnection")
  )
