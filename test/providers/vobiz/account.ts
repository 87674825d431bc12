import { Effect, Redacted } from "effect"
import type { CarrierToolkit } from "../../../src/carrier/CarrierToolkit.ts"
import { encodeForm, type FormFields, parseForm } from "../../../src/carrier/forms.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallReference, TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import type { DialledTransfer } from "../../../src/carrier/TransferStrategy.ts"
import type { FormValues } from "../../../src/Form.ts"
import { spec } from "../../../src/providers/vobiz/index.ts"
import { sign } from "../../../src/providers/vobiz/signature.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"

export const authId = "MA_TEST0001"
export const authToken = "test-auth-token-0123456789abcdef0123456"
export const parentToken = "parent-auth-token-fedcba9876543210fedcba"
export const callId = "7f7e0f6a-0000-4000-8000-000000000001"
export const otherLeg = "7f7e0f6a-0000-4000-8000-000000000009"
export const base = `/Account/${authId}`
export const stored: FormValues = { auth_id: authId, auth_token: authToken, default_country: "IN" }

export const call: CallReference = {
  callId: "run-42",
  providerCallId: callId,
  from: "+911140000001",
  to: "+919800000001",
  createdAtMs: 1_780_308_000_000,
  memory: {}
}

export const transfer: DialledTransfer = {
  transferId: "transfer-7",
  call,
  destination: "+919800000002",
  callerId: "+911140000001",
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 3600,
  announcement: undefined,
  room: "transfer-7-room",
  links: { route: (path) => `https://voice.example.com/vobiz${path}/transfer-token` },
  destinationCallId: otherLeg,
  destinationMemory: {}
}

const loaded = (values: FormValues) =>
  spec.load(Redacted.make(values), { configurationId: "config-1", phoneNumbers: ["+911140000001"] })

/** An account at a carrier on loopback that behaves so. */
export const account = <A, E>(
  behave: (request: Received, earlier: number) => Behaviour,
  use: (provider: TelephonyProvider, received: ReadonlyArray<Received>) => Effect.Effect<A, E, CarrierToolkit>,
  values: FormValues = stored
) =>
  Effect.gen(function* () {
    const carrier = yield* localCarrier(behave)
    return yield* loaded(values).pipe(
      Effect.flatMap((provider) => use(provider, carrier.received)),
      Effect.provide(toolkit(carrier.baseUrl))
    )
  }).pipe(Effect.scoped)

/** The account without any carrier behind it, for what is pure. */
export const offline = <A, E>(
  use: (provider: TelephonyProvider) => Effect.Effect<A, E, CarrierToolkit>,
  values: FormValues = stored
) => loaded(values).pipe(Effect.flatMap(use), Effect.provide(toolkit("http://127.0.0.1:9")))

export const form = { "content-type": "application/x-www-form-urlencoded", "user-agent": "Vobiz" }

const webhookUrl = "https://voice.example.com/api/v1/telephony/x/token"

/** A webhook as Vobiz sends it, signed. */
export const webhook = (fields: FormFields, nonce = "05429567804466091622"): RawRequest => ({
  method: "POST",
  publicUrl: webhookUrl,
  headers: {
    ...form,
    "x-vobiz-signature-v3": sign(Redacted.make(authToken), webhookUrl, ".", nonce),
    "x-vobiz-signature-v3-nonce": nonce
  },
  body: Buffer.from(encodeForm(fields), "utf8"),
  urlToken: "call"
})

/** A body as documents show it, with some fields set to other values (or taken away). */
export const fieldsOf = (body: string, changes: Readonly<Record<string, string | undefined>> = {}): FormFields => {
  const kept = (parseForm(body) ?? []).filter(([name]) => !(name in changes))
  const set = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return [...kept, ...set]
}

export const startApp =
  "BillRate=0.65&CallStatus=ringing&CallUUID=7f7e0f6a-0000-4000-8000-000000000001&CallerName=919800000001&CountryCode=IN&Direction=inbound&Event=StartApp&From=919800000001&ParentAuthID=MA_TEST0001&RouteType=&STIRAttestation=&STIRVerification=Not+Applicable&SessionStart=2026-06-01+10%3A00%3A00.123456&To=01140000001"
export const hangup =
  "AnswerTime=2026-06-01+15%3A30%3A09&BillDuration=60&BillRate=0.65&CallStatus=completed&CallUUID=7f7e0f6a-0000-4000-8000-000000000001&Direction=inbound&Duration=42&EndTime=2026-06-01+15%3A30%3A51&Event=Hangup&From=919800000001&HangupCause=NORMAL_CLEARING&HangupCauseCode=4000&HangupCauseName=Normal+Hangup&HangupSource=Caller&ParentAuthID=MA_TEST0001&SessionStart=2026-06-01+10%3A00%3A00.123456&StartTime=2026-06-01+15%3A30%3A00&To=01140000001&TotalCost=0.00000"
