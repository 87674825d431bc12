import { Effect } from "effect"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { CallReference, PlaceCall, PlacedCall, TelephonyProvider } from "../../carrier/TelephonyProvider.ts"
import { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import { costOf, findLeg, hangUp, makeOnLeg, memoryNames, reportOf } from "./calls.ts"
import { provider, type VonageConfig } from "./config.ts"
import { testConnection } from "./connectionTest.ts"
import { dialBody } from "./dial.ts"
import { legId } from "./legs.ts"
import { answer, reject } from "./ncco.ts"
import { configureInbound, ownsNumber } from "./numbers.ts"
import { makeRest } from "./rest.ts"
import { verifySignature, verifyUpgradeSignature } from "./signature.ts"
import { transferStrategy } from "./transfers.ts"
import { parseInbound, parseStatus } from "./webhooks.ts"

/** A Vonage application at work. */
export const make = Effect.fnUntraced(function* (config: VonageConfig) {
  const toolkit = yield* CarrierToolkit
  const rest = yield* makeRest(toolkit, config)
  const onLeg = makeOnLeg(rest, config.voiceUrl)
  const telephony: TelephonyProvider = {
    placeCall: Effect.fn("Vonage.placeCall")(function* (call: PlaceCall) {
      const body = yield* dialBody({
        ...call,
        eventUrl: call.links.route("/status"),
        onAnswer: { answer_url: [call.links.answer], answer_method: "POST" }
      })
      const created = yield* rest.voice(rest.voiceBase(config.voiceUrl)).createCall(body)
      const conversation = created.conversation_uuid ?? ""
      const placed: PlacedCall = {
        providerCallId: legId(created.uuid) ?? created.uuid,
        rawStatus: created.status ?? "started",
        ...(conversation === "" ? {} : { memory: { [memoryNames.conversation]: conversation } })
      }
      return placed
    }),
    hangUp: Effect.fn("Vonage.hangUp")((call: CallReference) => hangUp(onLeg)(call)),
    callStatus: Effect.fn("Vonage.callStatus")((call: CallReference) =>
      Effect.map(findLeg(onLeg)(call), (leg) => (leg === undefined ? undefined : reportOf(leg)))
    ),
    callCost: Effect.fn("Vonage.callCost")((call: CallReference) => costOf(onLeg)(call)),
    sendDigits: Effect.fn("Vonage.sendDigits")(function* (call: CallReference, digits: string) {
      const uuid = call.providerCallId
      if (uuid === undefined) return yield* notDialled
      // A pause of half a second is `p` at Vonage.
      yield* onLeg(call.memory, (voice) => voice.sendDigits(uuid, digits.replace(/w/gi, "p")))
    }),
    verify: VerifiedRequest.verifier((request) => verifySignature(config, toolkit.nonces, request)),
    verifyUpgrade: (request) => verifyUpgradeSignature(config, toolkit.nonces, request),
    parseInbound,
    parseStatus,
    answer,
    reject,
    testConnection: testConnection(rest, config),
    transfer: transferStrategy(rest, onLeg, config.voiceUrl),
    ownsNumber: ownsNumber(rest),
    configureInbound: configureInbound(rest, config)
  }
  return telephony
})

const notDialled = new CarrierError({
  provider,
  kind: "not-found",
  message: "Vonage has not told this call's id yet, so no digits were sent. Try again in a moment."
})
