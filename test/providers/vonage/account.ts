import { createHash, createHmac, generateKeyPairSync } from "node:crypto"
import { Effect, Redacted } from "effect"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallReference, TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import type { FormValues } from "../../../src/Form.ts"
import { spec } from "../../../src/providers/vonage/index.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"
import { apiKey, applicationId, issuedAt, secret } from "./signatureVectors.ts"

const pair = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" }
})
export const { privateKey, publicKey } = pair

export const apiSecret = "Str0ngApiSecret"
export const stored: FormValues = {
  api_key: apiKey,
  api_secret: apiSecret,
  application_id: applicationId,
  private_key: privateKey,
  signature_secret: secret
}

export const callUuid = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
export const mediaUuid = "cccccccc-dddd-eeee-ffff-0123456789ab"
export const conversationUuid = "CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
export const ours = "+15551230001"
export const theirs = "+15551230002"

/** When our side made the call: 2024-05-01T12:00:00Z. */
export const createdAtMs = 1_714_564_800_000

export const call: CallReference = {
  callId: "run-42",
  providerCallId: callUuid,
  from: ours,
  to: theirs,
  createdAtMs,
  memory: { conversation_uuid: conversationUuid }
}

const loaded = (values: FormValues) =>
  Effect.orDie(spec.load(Redacted.make(values), { configurationId: "config-1", phoneNumbers: [] }))

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
      const provider = yield* loaded(values)
      return yield* use(provider, carrier)
    }).pipe(Effect.provide(toolkit(carrier.baseUrl)))
  }).pipe(Effect.scoped)

/** The account without any carrier behind it, for what is pure. */
export const offline = <A, E>(use: (provider: TelephonyProvider) => Effect.Effect<A, E>, values: FormValues = stored) =>
  loaded(values).pipe(Effect.flatMap(use), Effect.provide(toolkit("http://127.0.0.1:9")))

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A token as Vonage makes it, by hand: nothing of the code under test is in it. */
export const sign = (
  claims: Readonly<Record<string, unknown>>,
  key = secret,
  header: unknown = { alg: "HS256", typ: "JWT" }
) => {
  const signed = `${base64(header)}.${base64(claims)}`
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`
}

let serial = 0

/** The claims of a webhook's token with this body. */
export const claimsOf = (body: string, at = issuedAt) => ({
  iat: at,
  jti: `jti-${++serial}`,
  iss: "Vonage",
  payload_hash: createHash("sha256").update(body).digest("hex"),
  api_key: apiKey,
  application_id: applicationId
})

export const url = "https://voice.example.com/api/v1/telephony/vonage/status/token"

export const request = (body: string, token: string | undefined, changes: Partial<RawRequest> = {}): RawRequest => ({
  method: "POST",
  publicUrl: url,
  headers: {
    "content-type": "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
  },
  body: Buffer.from(body, "utf8"),
  ...changes
})

/** A webhook as Vonage sends it, signed at `at`, s since 1970. */
export const webhook = (fields: Readonly<Record<string, unknown>>, at = issuedAt, publicUrl = url): RawRequest => {
  const body = JSON.stringify(fields)
  return request(body, sign(claimsOf(body, at)), { publicUrl })
}

/** A leg as the REST API shows it. */
export const legResource = (changes: Readonly<Record<string, unknown>> = {}) => ({
  _links: { self: { href: `/calls/${callUuid}` } },
  uuid: callUuid,
  conversation_uuid: conversationUuid,
  to: { type: "phone", number: "15551230002" },
  from: { type: "phone", number: "15551230001" },
  status: "started",
  direction: "outbound",
  ...changes
})

export const completedLeg = (changes: Readonly<Record<string, unknown>> = {}) =>
  legResource({
    status: "completed",
    rate: "0.10000000",
    price: "0.00333333",
    duration: "2",
    start_time: "2024-05-01T12:00:18.000Z",
    end_time: "2024-05-01T12:00:20.000Z",
    network: "23420",
    ...changes
  })

export const mediaLeg = (changes: Readonly<Record<string, unknown>> = {}) =>
  legResource({ uuid: mediaUuid, to: { type: "websocket", uri: "wss://voice.example.com/ws/ticket" }, ...changes })

export const legList = (...calls: ReadonlyArray<unknown>) => ({
  count: calls.length,
  page_size: 100,
  record_index: 0,
  _links: {},
  _embedded: { calls }
})

/** What the API answers to commands that have no answer. */
export const noContent: Behaviour = { status: 204 }

/** Vonage's error body. It quotes ids and numbers. */
export const vonageError = (status: number, fragment: string): Behaviour => ({
  status,
  json: {
    type: `https://developer.vonage.com/api-errors#${fragment}`,
    title: "Something",
    detail: `Call ${callUuid} to 15551230002 of ${applicationId} failed`,
    instance: "bf0ca0bf927b3b52e3cb03217e1a1ddf"
  }
})
