import { Effect, Redacted } from "effect"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallReference, TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import type { FormValues } from "../../../src/Form.ts"
import { spec } from "../../../src/providers/cloudonix/index.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"

export const domain = "acme.cloudonix.net"
export const apiKey = "XIabc0000000000000000000000000key1"
export const token = "16a7294c989b11e7b3d32b9edb8660c7"
export const own = `/customers/self/domains/${domain}`
export const stored: FormValues = { bearer_token: apiKey, domain_id: domain }

/** When our side made the call: 2026-03-04T05:06:07Z. */
export const createdAtMs = 1_772_600_767_000

export const call: CallReference = {
  callId: "run-42",
  providerCallId: token,
  from: "+14155550123",
  to: "+442071838750",
  createdAtMs,
  memory: {}
}

interface Carrier {
  readonly received: ReadonlyArray<Received>
  readonly arrived: (count: number) => Effect.Effect<void>
}

/** A domain at a carrier on loopback that behaves so. */
export const account = <A, E>(
  behave: (request: Received, earlier: number) => Behaviour,
  use: (provider: TelephonyProvider, carrier: Carrier) => Effect.Effect<A, E>,
  values: FormValues = stored
) =>
  Effect.gen(function* () {
    const carrier = yield* localCarrier(behave)
    return yield* Effect.gen(function* () {
      const provider = yield* spec.load(Redacted.make(values), { configurationId: "config-1", phoneNumbers: [] })
      return yield* use(provider, carrier)
    }).pipe(Effect.provide(toolkit(carrier.baseUrl)))
  }).pipe(Effect.scoped)

/** The session as the REST API shows it. */
export const session = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 987,
  domainId: 3,
  domain,
  subscriberId: null,
  destination: "+442071838750",
  callerId: "+14155550123",
  direction: "outgoing",
  token,
  createdAt: "2026-03-04T05:06:08Z",
  modifiedAt: "2026-03-04T05:06:09Z",
  timeLimit: null,
  status: "ringing",
  vappServer: "vapp-01",
  callStartTime: createdAtMs + 1000,
  callAnswerTime: null,
  callEndTime: null,
  answerTime: null,
  profile: {},
  ...changes
})

/** The voice request of the documents, with some fields set to other values, or taken away by undefined. */
export const voiceRequest = (changes: Readonly<Record<string, unknown>> = {}) => ({
  CallSid: token,
  Session: token,
  From: "442071838750",
  To: "14155550123",
  CallerName: "",
  Direction: "inbound",
  CallStatus: "in-progress",
  Domain: domain,
  AccountSid: domain,
  ApiVersion: "1",
  SessionData: {
    id: 987,
    domainId: 3,
    outgoingSubscriberId: null,
    destination: "14155550123",
    callerId: "442071838750",
    token,
    status: "processing",
    callStartTime: 1736780953283,
    vappServer: "10.0.0.1",
    ringing: false,
    domainNameOrId: domain,
    profile: { callId: ["a84b4c76e66710"], "trunk-sip-headers": {} }
  },
  ...changes
})

/** The session update of the documents. */
export const sessionUpdate = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 123456789,
  eventId: "evt_abc123",
  domainId: 3,
  domain,
  subscriberId: null,
  outgoingSubscriberId: null,
  callerId: "+14155550123",
  destination: "+442071838750",
  direction: "outgoing",
  token,
  status: "ringing",
  createdAt: "2026-01-11T10:30:00Z",
  modifiedAt: "2026-01-11T10:30:05Z",
  callStartTime: 1768127400000,
  startTime: "2026-01-11T10:30:00Z",
  callAnswerTime: null,
  answerTime: null,
  callEndTime: null,
  timeLimit: 3600,
  vappServer: "vapp-01",
  action: "call",
  reason: null,
  lastError: null,
  callIds: ["a84b4c76e66710"],
  profile: {},
  ...changes
})

/** The call record of the documents. */
export const callRecord = (changes: Readonly<Record<string, unknown>> = {}) => ({
  timestamp: 1768127460,
  session: {
    token,
    id: 123456789,
    domainId: 3,
    callStartTime: 1768127400000,
    callAnswerTime: 1768127410000,
    callEndTime: 1768127460000,
    status: "completed",
    timeLimit: 3600,
    vappServer: "vapp-01"
  },
  from: "+14155550123",
  to: "+442071838750",
  disposition: "ANSWER",
  duration: 60,
  billsec: 50,
  call_id: "a84b4c76e66710",
  domain,
  subscriber: null,
  cx_trunk_id: 12345,
  application: "voice-app-01",
  route: "outbound",
  rated_cost: 0.012,
  approx_cost: 0.01,
  sell_cost: 0.008,
  vapp_server: "vapp-01",
  recording: null,
  owner: { domain: { uuid: "f73d69b8-992f-4eee-9dbc-e36188ada6ff" } },
  ...changes
})

type WebhookOptions = Pick<RawRequest, "urlToken"> & {
  readonly headers?: RawRequest["headers"]
  readonly url?: string
}

/** A JSON webhook as Cloudonix posts it: on a URL with the configuration's token, with the right key, unless told otherwise. */
export const webhook = (body: unknown, options: WebhookOptions = { urlToken: "configuration" }): RawRequest => ({
  method: "POST",
  publicUrl: options.url ?? "https://voice.example.com/api/v1/telephony/inbound/cloudonix/config-token",
  headers: { "content-type": "application/json", ...(options.headers ?? { "x-cx-apikey": apiKey }) },
  body: Buffer.from(typeof body === "string" ? body : (JSON.stringify(body) ?? ""), "utf8"),
  ...(options.urlToken === undefined ? {} : { urlToken: options.urlToken })
})

/** The carrier knows every session that it is asked for, and it is up. */
export const sessionsUp = ({ path }: Received): Behaviour => ({
  status: 200,
  json: session({ token: path.split("/").at(-1), status: "connected", callAnswerTime: createdAtMs + 2000 })
})

/** The domain without anything that needs REST, for what is pure. */
export const offline = <A, E>(use: (provider: TelephonyProvider) => Effect.Effect<A, E>) => account(sessionsUp, use)

/** A verified webhook of a call of ours. */
export const verified = (provider: TelephonyProvider, body: unknown) =>
  provider.verify(webhook(body, { urlToken: "call" }))
