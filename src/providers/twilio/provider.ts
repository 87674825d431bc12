import { Effect, Redacted } from "effect"
import { isFinal } from "../../carrier/CallStatus.ts"
import { CarrierError } from "../../carrier/CarrierError.ts"
import { CarrierToolkit } from "../../carrier/CarrierToolkit.ts"
import type { FormFields } from "../../carrier/forms.ts"
import { VerifiedRequest } from "../../carrier/VerifiedRequest.ts"
import type {
  CallReference,
  ConnectionTest,
  PlaceCall,
  StatusReport,
  TelephonyProvider
} from "../../carrier/TelephonyProvider.ts"
import { provider, type TwilioConfig } from "./config.ts"
import { seconds } from "./dial.ts"
import { findCall } from "./findCall.ts"
import { configureInbound, ownsNumber } from "./numbers.ts"
import { type CallResource, makeRest, type TwilioRest } from "./rest.ts"
import { verifySignature, verifyUpgradeSignature } from "./signature.ts"
import { answeredBy, callCost, callStatus, durationMs } from "./statuses.ts"
import { transferStrategy } from "./strategies.ts"
import { answer, reject } from "./twiml.ts"
import { parseInbound, parseStatus } from "./webhooks.ts"

/** A Twilio account at work. */
export const make = Effect.fnUntraced(function* (config: TwilioConfig) {
  const rest = makeRest(yield* CarrierToolkit, config)
  const accountSid = Redacted.value(config.accountSid)
  const found = findCall(rest)
  const telephony: TelephonyProvider = {
    placeCall: Effect.fn("Twilio.placeCall")(function* (call: PlaceCall) {
      const created = yield* rest.createCall(dialForm(config, call))
      return { providerCallId: created.sid, rawStatus: created.status }
    }),
    hangUp: Effect.fn("Twilio.hangUp")(function* (call: CallReference) {
      const sid = call.providerCallId ?? (yield* found(call))?.sid
      if (sid === undefined) return yield* notFoundYet
      yield* rest.endCall(sid).pipe(Effect.catchIf(isOver, () => Effect.void))
    }),
    callStatus: Effect.fn("Twilio.callStatus")(function* (call: CallReference) {
      const resource = yield* found(call)
      return resource === undefined ? undefined : report(resource)
    }),
    callCost: Effect.fn("Twilio.callCost")(function* (call: CallReference) {
      const resource = yield* found(call)
      return callCost(resource?.price, resource?.price_unit)
    }),
    verify: VerifiedRequest.verifier((request) => verifySignature(config.signingTokens, accountSid, request)),
    verifyUpgrade: (request) => verifyUpgradeSignature(config.signingTokens, request),
    parseInbound,
    parseStatus,
    answer,
    reject,
    testConnection: testConnection(rest),
    ownsNumber: ownsNumber(rest),
    configureInbound: configureInbound(rest),
    transfer: transferStrategy(rest, report)
  }
  return telephony
})

/** The form that places a call. Repeated fields are sent repeated: a joined list of events is refused (error 21626). */
const dialForm = ({ amdEnabled }: TwilioConfig, call: PlaceCall): FormFields => {
  const { links } = call
  return [
    ["To", call.to],
    ["From", call.from],
    ["Url", links.answer],
    ["Method", "POST"],
    ["StatusCallback", links.route("/status")],
    ["StatusCallbackMethod", "POST"],
    ["StatusCallbackEvent", "initiated"],
    ["StatusCallbackEvent", "ringing"],
    ["StatusCallbackEvent", "answered"],
    ["StatusCallbackEvent", "completed"],
    ["Timeout", seconds(call.ringTimeoutSeconds, "ring")],
    ["TimeLimit", seconds(call.maxDurationSeconds, "call")],
    ...(amdEnabled
      ? ([
          ["MachineDetection", "Enable"],
          ["AsyncAmd", "true"],
          ["AsyncAmdStatusCallback", links.route("/amd")],
          ["AsyncAmdStatusCallbackMethod", "POST"]
        ] as const)
      : [])
  ]
}

/** There is nothing (left) to hang up: unknown to Twilio, or in a state that does not allow it because it is over. */
const isOver = ({ kind }: CarrierError) => kind === "not-found"

const notFoundYet = new CarrierError({
  provider,
  kind: "not-found",
  message:
    "Twilio shows no such call yet: nothing was hung up. If its dial is still under way, hang up again once it is there."
})

const report = (call: CallResource): StatusReport => {
  const status = callStatus(call.status)
  const cost = callCost(call.price, call.price_unit)
  const over = status !== undefined && isFinal(status)
  const verdict = call.answered_by ?? ""
  return {
    providerCallId: call.sid,
    status,
    rawStatus: call.status,
    dedupeKey: `poll:${call.sid}:${call.status}`,
    ...(over ? { durationMs: durationMs(call.duration) } : {}),
    ...(cost === undefined ? {} : { cost }),
    ...(verdict === "" ? {} : { answeredBy: answeredBy(verdict) })
  }
}

const testConnection = (rest: TwilioRest): TelephonyProvider["testConnection"] =>
  rest.account.pipe(
    Effect.map((account): ConnectionTest => {
      if (account.status !== "active") {
        return { ok: false, message: `The Twilio account is ${account.status}. See the Twilio console.`, warnings: [] }
      }
      const trial = "A trial account calls verified numbers only, and plays a notice before each call."
      return { ok: true, message: "Twilio accepts the credentials.", warnings: account.type === "Trial" ? [trial] : [] }
    }),
    Effect.catchIf(
      ({ kind }) => kind === "credentials" || kind === "not-found",
      ({ message }) => Effect.succeed<ConnectionTest>({ ok: false, message, warnings: [] })
    ),
    Effect.withSpan("Twilio.testConnection")
  )
