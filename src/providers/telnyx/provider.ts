import { Effect, Redacted } from "effect"
import { acknowledged } from "../../carrier/CarrierReply.ts"
import { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import type {
  CallReference,
  InboundCall,
  PickUp,
  PlaceCall,
  Refusal,
  TelephonyProvider
} from "../../carrier/TelephonyProvider.ts"
import type { AttachedAccount } from "../../ProviderSpec.ts"
import { makeApplications } from "./applications.ts"
import { answerBody, dialBody, rejectBody } from "./commands.ts"
import type { TelnyxConfig } from "./config.ts"
import { testConnection } from "./connectionTest.ts"
import { commandId } from "./correlation.ts"
import { type Leg, makeFinder } from "./findCall.ts"
import { configureInbound, ownsNumber } from "./numbers.ts"
import { makeRest } from "./rest.ts"
import { readPublicKey, type Signing, verifySignature } from "./signature.ts"
import { transferStrategy } from "./transfer.ts"
import { parseInbound, parseStatus } from "./webhooks.ts"

const leg = ({ callId, isAnswered = false, providerCallId, memory }: CallReference): Leg => ({
  callControlId: providerCallId,
  subject: { call: callId },
  memory,
  isAnswered
})

/** A Telnyx account at work. Telnyx reads no reply: calls are answered and refused by requests of ours. */
export const make = Effect.fnUntraced(function* (config: TelnyxConfig, { configurationId }: AttachedAccount) {
  const toolkit = yield* CarrierToolkit
  const rest = makeRest(toolkit, config)
  const applications = makeApplications(rest, config, configurationId)
  const finder = makeFinder(rest, applications)
  const publicKey = config.webhookPublicKey === undefined ? undefined : readPublicKey(config.webhookPublicKey)
  const signing: Signing = {
    publicKey,
    connectionId: config.connectionId === undefined ? undefined : Redacted.value(config.connectionId),
    configurationId,
    nonces: toolkit.nonces
  }
  const telephony: TelephonyProvider = {
    placeCall: Effect.fn("Telnyx.placeCall")(function* (call: PlaceCall) {
      const connectionId = yield* applications.connectionId
      const { call_control_id } = yield* rest.dial(dialBody(call, connectionId, yield* call.mediaUrl))
      return { providerCallId: call_control_id, rawStatus: "dialled" }
    }),
    pickUp: Effect.fn("Telnyx.pickUp")(function* (call: PickUp) {
      yield* rest.act(yield* finder.idOf(leg(call.call)), "answer", answerBody(call))
    }),
    turnAway: Effect.fn("Telnyx.turnAway")(({ providerCallId }: InboundCall, refusal: Refusal) =>
      rest.act(providerCallId, "reject", rejectBody(providerCallId, refusal)).pipe(
        Effect.catchIf(
          ({ kind }) => kind === "not-found",
          () => Effect.void
        )
      )
    ),
    hangUp: Effect.fn("Telnyx.hangUp")((call: CallReference) =>
      finder.end(leg(call), commandId(call.callId, "hangup"))
    ),
    callStatus: Effect.fn("Telnyx.callStatus")((call: CallReference) => finder.status(leg(call))),
    sendDigits: Effect.fn("Telnyx.sendDigits")(function* (call: CallReference, digits: string) {
      // Without an id of the command: the same digits again are meant to be sent again.
      yield* rest.act(yield* finder.idOf(leg(call)), "send_dtmf", { digits })
    }),
    verify: VerifiedRequest.verifier((request) => verifySignature(signing, request)),
    parseInbound,
    parseStatus,
    answer: () => acknowledged,
    reject: () => acknowledged,
    testConnection: testConnection(rest, applications, publicKey !== undefined),
    ownsNumber: ownsNumber(rest),
    configureInbound: configureInbound({
      rest,
      applications,
      configurationId,
      hasWebhookKey: publicKey !== undefined
    }),
    transfer: transferStrategy(rest, applications, finder)
  }
  return telephony
})
