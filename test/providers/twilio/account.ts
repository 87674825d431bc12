import { Effect, Redacted } from "effect"
import type { FormFields } from "../../../src/carrier/forms.ts"
import { encodeForm, parseForm } from "../../../src/carrier/forms.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { FormValues } from "../../../src/Form.ts"
import type { CallReference, TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import { spec } from "../../../src/providers/twilio/index.ts"
import { sign } from "../../../src/providers/twilio/signature.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"

export const accountSid = "AC00000000000000000000000000000001"
export const authToken = "0123456789abcdef0123456789abcdef"
export const callSid = "CA00000000000000000000000000000002"
export const base = `/2010-04-01/Accounts/${accountSid}`
export const stored: FormValues = { account_sid: accountSid, auth_token: authToken, amd_enabled: false }

/** When our side made the call: 2026-03-04T05:06:07Z. */
export const createdAtMs = 1_772_600_767_000

export const call: CallReference = {
  callId: "run-42",
  providerCallId: callSid,
  from: "+14155550123",
  to: "+442071838750",
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
      const provider = yield* spec.load(Redacted.make(values), { configurationId: "config-1", phoneNumbers: [] })
      return yield* use(provider, carrier)
    }).pipe(Effect.provide(toolkit(carrier.baseUrl)))
  }).pipe(Effect.scoped)

/** The account without any carrier behind it, for what is pure. */
export const offline = <A, E>(use: (provider: TelephonyProvider) => Effect.Effect<A, E>) =>
  spec
    .load(Redacted.make(stored), { configurationId: "config-1", phoneNumbers: [] })
    .pipe(Effect.flatMap(use), Effect.provide(toolkit("http://127.0.0.1:9")))

/** A webhook as Twilio sends it, signed. */
export const webhook = (fields: FormFields, url = "https://voice.example.com/api/v1/telephony/x"): RawRequest => ({
  method: "POST",
  publicUrl: url,
  headers: {
    "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    "x-twilio-signature": sign(Redacted.make(authToken), url, fields)
  },
  body: Buffer.from(encodeForm(fields), "utf8")
})

/** A body as documents show it, with some fields set to other values (or taken away). */
export const fieldsOf = (body: string, changes: Readonly<Record<string, string | undefined>> = {}): FormFields => {
  const kept = (parseForm(body) ?? []).filter(([name]) => !(name in changes))
  const set = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return [...kept, ...set]
}

/** Twilio's error body. */
export const twilioError = (status: number, code: number): Behaviour => ({
  status,
  json: {
    code,
    message: `The requested resource ${base}/Calls/${callSid}.json failed for +442071838750`,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status
  }
})

/** A call as the REST API shows it. */
export const callResource = (changes: Readonly<Record<string, unknown>> = {}) => ({
  sid: callSid,
  account_sid: accountSid,
  status: "queued",
  from: "+14155550123",
  to: "+442071838750",
  direction: "outbound-api",
  answered_by: null,
  date_created: null,
  start_time: null,
  duration: null,
  price: null,
  price_unit: "USD",
  queue_time: "0",
  uri: `${base}/Calls/${callSid}.json`,
  ...changes
})
