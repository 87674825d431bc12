import { Effect, Redacted } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import type { CallReference, ConnectionTest, PlaceCall, TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { provider, type PlivoConfig } from "./config.ts"
import { dialForm } from "./dialForm.ts"
import { endLeg, findId, lookUp } from "./findCall.ts"
import { answer, reject } from "./markup.ts"
import { configureInbound, ownsNumber } from "./numbers.ts"
import { makeRest, type PlivoRest } from "./rest.ts"
import { verifySignature, verifyUpgradeSignature } from "./signature.ts"
import { callCost } from "./statuses.ts"
import { transferBy } from "./transfer.ts"
import { parseInbound, parseStatus } from "./webhooks.ts"

/** A Plivo account at work. */
export const make = Effect.fnUntraced(function* (config: PlivoConfig, attached: AttachedAccount) {
  const rest = makeRest(yield* CarrierToolkit, config)
  const authId = Redacted.value(config.authId)
  const idOf = (call: CallReference) =>
    call.providerCallId === undefined ? findId(rest, call) : Effect.succeed(call.providerCallId)
  const telephony: TelephonyProvider = {
    placeCall: Effect.fn("Plivo.placeCall")(function* (call: PlaceCall) {
      const { id, message } = yield* rest.createCall(dialForm(call))
      return { providerCallId: id, rawStatus: message, memory: { request_uuid: id } }
    }),
    hangUp: Effect.fn("Plivo.hangUp")(function* (call: CallReference) {
      const id = yield* idOf(call)
      if (id === undefined) return yield* notFoundYet
      yield* endLeg(rest, id, call.memory)
    }),
    callStatus: Effect.fn("Plivo.callStatus")(function* (call: CallReference) {
      const id = yield* idOf(call)
      return id === undefined ? undefined : yield* lookUp(rest, id)
    }),
    callCost: Effect.fn("Plivo.callCost")(function* (call: CallReference) {
      const id = yield* idOf(call)
      const record = id === undefined ? undefined : yield* rest.callRecord(id)
      return callCost(record?.total_amount)
    }),
    sendDigits: Effect.fn("Plivo.sendDigits")(function* (call: CallReference, digits: string) {
      const id = yield* idOf(call)
      if (id === undefined) return yield* notFoundYet
      yield* rest.sendDigits(id, digits)
    }),
    verify: VerifiedRequest.verifier((request) => verifySignature(config.signingTokens, authId, request)),
    verifyUpgrade: (request) => verifyUpgradeSignature(config.signingTokens, request),
    parseInbound,
    parseStatus,
    answer,
    reject,
    transfer: transferBy(rest),
    testConnection: testConnection(rest),
    ownsNumber: ownsNumber(rest),
    configureInbound: configureInbound(rest, config, attached)
  }
  return telephony
})

const notFoundYet = new CarrierError({
  provider,
  kind: "not-found",
  message: "Plivo shows no such call yet: nothing was done. If its dial is still under way, try again once it is there."
})

/** Account currency below which a warning is due: a few minutes of calls. */
const littleCredit = 1

const testConnection = (rest: PlivoRest): TelephonyProvider["testConnection"] =>
  rest.account.pipe(
    Effect.map(({ account_type, auto_recharge, cash_credits }): ConnectionTest => {
      const credit = Number(cash_credits ?? "")
      const isPoor = (cash_credits ?? "") !== "" && credit < littleCredit && auto_recharge !== true
      return {
        ok: true,
        message: "Plivo accepts the credentials.",
        warnings: [
          ...(account_type?.toLowerCase() === "trial" ? ["A trial account calls verified numbers only."] : []),
          ...(isPoor ? ["The account has little credit left. Top it up in the Plivo console."] : [])
        ]
      }
    }),
    Effect.catchIf(
      ({ kind }) => kind === "credentials" || kind === "not-found",
      ({ message }) => Effect.succeed<ConnectionTest>({ ok: false, message, warnings: [] })
    ),
    Effect.withSpan("Plivo.testConnection")
  )
