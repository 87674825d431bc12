import { createHmac } from "node:crypto"
import { Context, Effect, Layer, Schema } from "effect"
import { CallStatus } from "../../../src/carrier/CallStatus.ts"
import { CarrierError } from "../../../src/carrier/CarrierError.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { SignatureRejected, VerifiedRequest } from "../../../src/carrier/VerifiedRequest.ts"
import { CallReports, type ProviderRoute, type RoutesModule } from "../../../src/carrier/ProviderRoute.ts"
import { define, type ProviderSpec } from "../../../src/ProviderSpec.ts"
import {
  type CallCost,
  type CallReference,
  MalformedWebhook,
  type PlaceCall,
  type PlacedCall,
  type StatusReport,
  type TelephonyProvider
} from "../../../src/carrier/TelephonyProvider.ts"
import type { DialledTransfer, TransferPlan, TransferStrategy } from "../../../src/carrier/TransferStrategy.ts"
import { TransportError } from "../../../src/Transport.ts"

/** What a test lets the fake carrier do, and what it saw. */
export interface Script {
  placeCall: (call: PlaceCall) => Effect.Effect<PlacedCall, CarrierError>
  callStatus: (call: CallReference) => Effect.Effect<StatusReport | undefined, CarrierError>
  hangUp: (call: CallReference) => Effect.Effect<void, CarrierError>
  callCost: (call: CallReference) => Effect.Effect<CallCost | undefined, CarrierError>
  /** What happens with transfers: a destination is dialled, the two are joined, the carrier is asked for the leg. */
  dialDestination: (plan: TransferPlan) => Effect.Effect<PlacedCall, CarrierError>
  join: (transfer: DialledTransfer) => Effect.Effect<void, CarrierError>
  legStatus: (transfer: DialledTransfer) => Effect.Effect<StatusReport | undefined, CarrierError>
  drop: (transfer: DialledTransfer) => Effect.Effect<void, CarrierError>
  canTransfer: boolean
  readonly destinations: Array<TransferPlan>
  readonly joined: Array<DialledTransfer>
  readonly dropped: Array<DialledTransfer>
  readonly placed: Array<PlaceCall>
  readonly asked: Array<CallReference>
  readonly hungUp: Array<CallReference>
  readonly digits: Array<string>
}

export const carrierName = "fake"

export const carrierError = (kind: CarrierError["kind"], message = `scripted ${kind}`) =>
  new CarrierError({ provider: carrierName, kind, message, code: "42" })

/** A new script: every dial works, every call is unknown to the carrier, every hang-up works, nothing has a price. */
export const makeScript = (): Script => {
  let sequence = 0
  return {
    placeCall: (call) =>
      Effect.sync(() => ({ providerCallId: `CA-${call.callId}-${sequence++}`, rawStatus: "queued" })),
    callStatus: () => Effect.undefined,
    hangUp: () => Effect.void,
    callCost: () => Effect.undefined,
    dialDestination: (plan) => Effect.succeed({ providerCallId: `leg-${plan.transferId}`, rawStatus: "queued" }),
    join: () => Effect.void,
    legStatus: () => Effect.undefined,
    drop: () => Effect.void,
    canTransfer: true,
    destinations: [],
    joined: [],
    dropped: [],
    placed: [],
    asked: [],
    hungUp: [],
    digits: []
  }
}

export class Carrier extends Context.Service<Carrier, { script: Script }>()("test/Carrier") {
  static readonly layer = Layer.sync(Carrier, () => Carrier.of({ script: makeScript() }))
}

export const signatureHeader = "x-fake-signature"

/** What the carrier signs: method, URL and body, with the account's secret. */
export const signature = (secret: string, method: string, url: string, body: string | Uint8Array) =>
  createHmac("sha256", secret).update(`${method} ${url}\n`).update(body).digest("hex")

const Body = Schema.fromJsonString(
  Schema.Struct({
    account: Schema.String,
    call: Schema.String,
    from: Schema.optionalKey(Schema.String),
    to: Schema.optionalKey(Schema.String),
    status: Schema.optionalKey(Schema.String),
    event: Schema.optionalKey(Schema.String),
    duration: Schema.optionalKey(Schema.Finite),
    error: Schema.optionalKey(Schema.String)
  })
)
export type WebhookBody = (typeof Body)["Type"]
const isStatus = Schema.is(CallStatus)
const text = (body: Uint8Array) => new TextDecoder().decode(body)
const decodeBody = Schema.decodeUnknownEffect(Body)
const readBody = (request: VerifiedRequest) =>
  Effect.mapError(decodeBody(text(request.body)), () => new MalformedWebhook({ provider: carrierName, message: "bad" }))

const transferOf = (script: () => Script): TransferStrategy => ({
  announces: false,
  dial: (plan) =>
    Effect.suspend(() => {
      script().destinations.push(plan)
      return script().dialDestination(plan)
    }),
  join: (transfer) =>
    Effect.suspend(() => {
      script().joined.push(transfer)
      return script().join(transfer)
    }),
  status: (transfer) => Effect.suspend(() => script().legStatus(transfer)),
  drop: (transfer) =>
    Effect.suspend(() => {
      script().dropped.push(transfer)
      return script().drop(transfer)
    })
})

export const account = (script: () => Script, secret: string): TelephonyProvider => ({
  placeCall: (call) =>
    Effect.suspend(() => {
      script().placed.push(call)
      return script().placeCall(call)
    }),
  hangUp: (call) =>
    Effect.suspend(() => {
      script().hungUp.push(call)
      return script().hangUp(call)
    }),
  callStatus: (call) =>
    Effect.suspend(() => {
      script().asked.push(call)
      return script().callStatus(call)
    }),
  callCost: (call) => Effect.suspend(() => script().callCost(call)),
  ...(script().canTransfer ? { transfer: transferOf(script) } : {}),
  sendDigits: (_call, digits) => Effect.sync(() => void script().digits.push(digits)),
  verify: VerifiedRequest.verifier((raw) =>
    raw.headers[signatureHeader] === signature(secret, raw.method, raw.publicUrl, raw.body)
      ? Effect.succeed(raw)
      : Effect.fail(new SignatureRejected({ provider: carrierName, reason: "the signature is another one" }))
  ),
  parseInbound: (request) =>
    Effect.flatMap(readBody(request), ({ call, from, to }) =>
      from === undefined || to === undefined
        ? Effect.fail(new MalformedWebhook({ provider: carrierName, message: "no addresses" }))
        : Effect.succeed({ providerCallId: call, from, to, details: { city: "Delft" } })
    ),
  parseStatus: (request) =>
    Effect.flatMap(readBody(request), ({ call, status = "", event, duration }) =>
      status === ""
        ? Effect.fail(new MalformedWebhook({ provider: carrierName, message: "no status" }))
        : Effect.succeed({
            providerCallId: call,
            status: isStatus(status) ? status : undefined,
            rawStatus: status,
            dedupeKey: event ?? status,
            ...(duration === undefined ? {} : { durationMs: duration * 1000 })
          })
    ),
  answer: ({ mediaUrl, links }) => ({
    status: 200,
    contentType: "application/json",
    body: JSON.stringify({ connect: mediaUrl, status: links.route("/status") })
  }),
  reject: (refusal) => ({
    status: 200,
    contentType: "application/json",
    body: JSON.stringify({ reject: refusal })
  }),
  testConnection: Effect.succeed({ ok: true, message: "", warnings: [] })
})

const routes: ReadonlyArray<ProviderRoute> = [
  {
    method: "POST",
    path: "/status",
    scope: "call",
    handle: (request, { provider, callId }) =>
      Effect.gen(function* () {
        const reports = yield* CallReports
        yield* reports.status({ callId }, yield* provider.parseStatus(request))
        return { status: 204, body: "" }
      })
  },
  {
    method: "POST",
    path: "/account-status",
    scope: "account",
    handle: (request, { provider, configurationId }) =>
      Effect.gen(function* () {
        const reports = yield* CallReports
        const report = yield* provider.parseStatus(request)
        yield* reports.status({ configurationId, providerCallId: report.providerCallId }, report)
        return { status: 204, body: "" }
      })
  }
]

const claimed = (raw: RawRequest) => /"account":"([^"]+)"/.exec(text(raw.body))?.[1]

/** A frozen spec whose routes are the given ones, or the status routes above. */
export const fakeSpec = (load: () => Promise<RoutesModule> = () => Promise.resolve({ routes })): ProviderSpec =>
  define({
    name: carrierName,
    fields: { account: Schema.RedactedFromValue(Schema.String) },
    configLoader: (stored) => stored,
    make: () => Effect.die("the fake configurations make the accounts"),
    uiMetadata: {
      displayName: "Fake",
      docsUrl: "https://carrier.example",
      connectivity: "api",
      fields: [{ name: "signing_key", label: "Signing key", type: "password", required: true, sensitive: true }]
    },
    transportSampleRate: 8000,
    accountIdCredentialField: "account",
    recognize: (raw) => signatureHeader in raw.headers,
    claimedAccountId: claimed,
    transport: () => Effect.fail(new TransportError({ reason: "closed", message: "not used here", code: 1011 })),
    routes: load
  })
