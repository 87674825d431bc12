import { createPrivateKey, sign as signBytes } from "node:crypto"
import { assert } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallReference, TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import type { FormValues } from "../../../src/Form.ts"
import { spec } from "../../../src/providers/telnyx/index.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"

/** Key A of the protocol's vectors, and another. */
export const seedA = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
export const seedB = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
export const publicKeyA = "ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ="
export const publicKeyB = "T9CZzNR9eJPf6ewkQU7LDZtUICMqrTDZHEZb4zy+ZcQ="

export const apiKey = "KEY0123456789ABCDEF_secret"
export const connectionId = "1494404757140276705"
export const configurationId = "0190aaaa-0000-7000-8000-000000000001"
export const stored: FormValues = {
  api_key: apiKey,
  webhook_public_key: publicKeyA,
  connection_id: connectionId
}

export const callControlId = "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg"
/** As a part of a path. */
export const callPath = `/calls/${encodeURIComponent(callControlId)}`

export const call: CallReference = {
  callId: "run-42",
  providerCallId: callControlId,
  from: "+15551230001",
  to: "+15551230002",
  createdAtMs: 1_772_600_767_000,
  memory: {}
}

/** An account at a carrier on loopback that behaves so. */
export const account = <A, E>(
  behave: (request: Received, earlier: number) => Behaviour,
  use: (
    provider: TelephonyProvider,
    carrier: { readonly received: ReadonlyArray<Received>; readonly arrived: (count: number) => Effect.Effect<void> }
  ) => Effect.Effect<A, E, Scope.Scope>,
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

export const data = (json: unknown, status = 200): Behaviour => ({ status, json: { data: json } })

export const accepted = data({ result: "ok" })

/** Telnyx's error body. */
export const telnyxError = (status: number, code: string): Behaviour => ({
  status,
  json: {
    errors: [
      {
        code,
        title: "Refused",
        detail: `The call ${callControlId} to +15551230002 was refused`,
        source: { pointer: "/to" },
        meta: { url: `https://developers.telnyx.com/docs/overview/errors/${code}` }
      }
    ]
  }
})

/** A request's JSON body. */
export const jsonOf = (request: Received | undefined): unknown => JSON.parse((request?.body ?? "") || "null")

/** The Ed25519 signature of some bytes, in base64. */
export const signature = (bytes: Uint8Array, seed = seedA): string =>
  signBytes(
    null,
    bytes,
    createPrivateKey({
      key: Buffer.from(`302e020100300506032b657004220420${seed}`, "hex"),
      format: "der",
      type: "pkcs8"
    })
  ).toString("base64")

/** A webhook's headers, signed at the time (s). */
export const signed = (body: Uint8Array, timestamp: string, seed = seedA): RawRequest["headers"] => ({
  "content-type": "application/json",
  "telnyx-timestamp": timestamp,
  "telnyx-signature-ed25519": signature(Buffer.concat([Buffer.from(`${timestamp}|`), body]), seed)
})

/** A webhook as Telnyx sends it, signed at time 0, where the test clock begins. */
export const webhook = (
  body: string | Uint8Array,
  more: Partial<RawRequest> = {},
  publicUrl = "https://voice.example.com/api/v1/telephony/inbound/telnyx/token"
): RawRequest => {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body
  return { method: "POST", publicUrl, headers: signed(bytes, "0"), body: bytes, ...more }
}

/** An event as the documents show it. */
export const event = (
  type: string,
  payload: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {}
): string =>
  JSON.stringify({
    data: {
      record_type: "event",
      event_type: type,
      id: `id-of-${type}`,
      occurred_at: "2025-11-23T03:30:00.076316Z",
      payload: {
        call_control_id: callControlId,
        call_leg_id: "11111111-c81c-11f0-afbb-0242ac110002",
        call_session_id: "22222222-c81c-11f0-abac-0242ac110002",
        client_state: null,
        connection_id: connectionId,
        from: "+15551230001",
        to: "+15551230002",
        ...payload
      },
      ...more
    },
    meta: { attempt: 1, delivered_to: "https://voice.example.com/x" }
  })

/** What a capability that the provider has does. */
export const has = <A>(capability: A | undefined): A => {
  assert(capability !== undefined, "the provider lacks the capability")
  return capability
}
