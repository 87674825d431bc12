import { Effect, Redacted } from "effect"
import type { FormFields } from "../../../src/carrier/forms.ts"
import { encodeForm, parseForm } from "../../../src/carrier/forms.ts"
import { rawQuery } from "../../../src/carrier/publicUrl.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { FormValues } from "../../../src/Form.ts"
import type { CallReference, TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import { spec } from "../../../src/providers/plivo/index.ts"
import { canonical, sign } from "../../../src/providers/plivo/signature.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"

export const authId = "MAXXXXXXXXXXXXXXXXXX"
export const authToken = "test-auth-token-0123456789abcdef0123456"
export const mainToken = "main-account-token-abcdef0123456789abcdef"
export const callUuid = "97ceeb52-58b6-11e1-86da-77300b68f8bb"
export const base = `/v1/Account/${authId}/`
export const stored: FormValues = { auth_id: authId, auth_token: authToken }
export const configurationId = "0190b3c4-0000-7000-8000-000000000001"

/** When our side made the call: 2024-10-25T14:13:30Z. */
export const createdAtMs = Date.UTC(2024, 9, 25, 14, 13, 30)

export const call: CallReference = {
  callId: "run-42",
  providerCallId: callUuid,
  from: "+14155550100",
  to: "+14155550111",
  createdAtMs,
  memory: {}
}

/** An account at a carrier on loopback that behaves so. */
export const account = <A, E>(
  behave: (request: Received, earlier: number) => Behaviour,
  use: (
    provider: TelephonyProvider,
    carrier: { readonly received: ReadonlyArray<Received>; readonly arrived: (count: number) => Effect.Effect<void> }
  ) => Effect.Effect<A, E>,
  values: FormValues = stored
) =>
  Effect.gen(function* () {
    const carrier = yield* localCarrier(behave)
    return yield* Effect.gen(function* () {
      const provider = yield* spec.load(Redacted.make(values), { configurationId, phoneNumbers: [] })
      return yield* use(provider, carrier)
    }).pipe(Effect.provide(toolkit(carrier.baseUrl)))
  }).pipe(Effect.scoped)

/** The account without any carrier behind it, for what is pure. */
export const offline = <A, E>(use: (provider: TelephonyProvider) => Effect.Effect<A, E>, values: FormValues = stored) =>
  spec
    .load(Redacted.make(values), { configurationId, phoneNumbers: [] })
    .pipe(Effect.flatMap(use), Effect.provide(toolkit("http://127.0.0.1:9")))

const nonce = "12345678901234567890"

/** A webhook as Plivo sends it, signed. */
export const webhook = (fields: FormFields, url = "https://voice.example.com/api/v1/telephony/x"): RawRequest => ({
  method: "POST",
  publicUrl: url,
  headers: {
    "content-type": "application/x-www-form-urlencoded",
    "x-plivo-signature-v3": sign(
      Redacted.make(authToken),
      canonical(url, parseForm(rawQuery(url)) ?? [], fields),
      nonce
    ),
    "x-plivo-signature-v3-nonce": nonce
  },
  body: Buffer.from(encodeForm(fields), "utf8")
})

/** A body as documents show it, with some fields set to other values (or taken away). */
export const fieldsOf = (body: string, changes: Readonly<Record<string, string | undefined>> = {}): FormFields => {
  const kept = (parseForm(body) ?? []).filter(([name]) => !(name in changes))
  const set = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return [...kept, ...set]
}

export const inboundBody =
  "BillRate=0.0055&CallStatus=ringing&CallUUID=97ceeb52-58b6-11e1-86da-77300b68f8bb&CallerName=14155550111&CountryCode=US&Direction=inbound&Event=StartApp&From=14155550111&ParentAuthID=MAXXXXXXXXXXXXXXXXXX&RouteType=&STIRAttestation=&STIRVerification=Not+Applicable&SessionStart=2024-10-25+14%3A13%3A37.779297&To=14155550100"
export const hangupBody =
  "AnswerTime=2024-10-25+14%3A13%3A41&BillDuration=31&BillRate=0.0085&CallStatus=completed&CallUUID=97ceeb52-58b6-11e1-86da-77300b68f8bb&Direction=outbound&Duration=31&EndTime=2024-10-25+14%3A14%3A12&Event=Hangup&From=14155550100&HangupCause=NORMAL_CLEARING&HangupCauseCode=4000&HangupCauseName=Normal+Hangup&HangupSource=Callee&ParentAuthID=MAXXXXXXXXXXXXXXXXXX&RequestUUID=97ceeb52-58b6-11e1-86da-77300b68f8bb&SessionStart=2024-10-25+14%3A13%3A37.779297&StartTime=2024-10-25+14%3A13%3A37&To=14155550111&TotalCost=0.00850"

export const plivoError = (status: number, error: unknown = `failed for +14155550111 of ${authId}`): Behaviour => ({
  status,
  json: { api_id: "97ceeb52-58b6-11e1-86da-77300b68f8bb", error }
})

/** The record of a call that is over, as the REST API shows it. */
export const callRecord = (changes: Readonly<Record<string, unknown>> = {}) => ({
  answer_time: "2024-10-25 14:13:41+00:00",
  api_id: "x",
  bill_duration: 31,
  billed_duration: 60,
  call_direction: "outbound",
  call_duration: 31,
  call_state: "ANSWER",
  call_uuid: callUuid,
  conference_uuid: null,
  end_time: "2024-10-25 14:14:12+00:00",
  from_number: "14155550100",
  hangup_cause_code: 4000,
  hangup_cause_name: "Normal Hangup",
  hangup_source: "Call recipient",
  initiation_time: "2024-10-25 14:13:37+00:00",
  parent_call_uuid: null,
  to_number: "14155550111",
  total_amount: "0.00850",
  total_rate: "0.00850",
  ...changes
})

export const liveCall = (changes: Readonly<Record<string, unknown>> = {}) => ({
  api_id: "x",
  call_status: "in-progress",
  call_uuid: callUuid,
  caller_name: "",
  direction: "outbound",
  from: "14155550100",
  to: "14155550111",
  request_uuid: callUuid,
  session_start: "2024-10-25 14:13:37.779297",
  stir_verification: "Not Applicable",
  ...changes
})
