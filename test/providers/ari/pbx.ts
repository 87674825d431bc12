import { Effect, Redacted } from "effect"
import type { ListenerDesk } from "../../../src/carrier/Listener.ts"
import type {
  CallReference,
  InboundCall,
  StatusReport,
  TelephonyProvider
} from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferLegReport } from "../../../src/carrier/TransferStrategy.ts"
import type { FormValues } from "../../../src/Form.ts"
import { spec } from "../../../src/providers/ari/index.ts"
import { type Behaviour, localCarrier, type Received, toolkit } from "../../carrier/localCarrier.ts"

export const configurationId = "0198c0de-0000-7000-8000-00a1b2c3d4e5"
export const tag = "00a1b2c3d4e5"
export const app = `switchboard_${tag}`
export const callId = "0198c0de-1111-7111-8111-111111111111"
export const transferId = "0198c0de-2222-7222-8222-222222222222"
export const callChannel = `sb.${tag}.call.${callId}`
export const mediaChannel = `sb.${tag}.media.${callId}`
export const bridge = `sb.${tag}.bridge.${callId}`
export const targetChannel = `sb.${tag}.target.${callId}.${transferId}`

export const stored: FormValues = {
  ari_endpoint: "https://pbx.example.com:8089/prefix",
  app_name: "gateway",
  app_password: "s3cret pass",
  ws_client_name: "switchboard_media"
}

export const outbound: CallReference = {
  callId,
  providerCallId: callChannel,
  from: "+14155550123",
  to: "+442071838750",
  createdAtMs: 0,
  memory: {}
}

export const inbound: CallReference = { ...outbound, providerCallId: "1757062800.12" }

/** A modern Asterisk's answers to what is asked of every one. */
export const version = (release = "22.8.2"): Behaviour => ({
  status: 200,
  json: { system: { version: release, entity_id: "52:54:00:12:34:56" } }
})
export const done: Behaviour = { status: 204 }
export const notFound: Behaviour = { status: 404, json: { message: "Channel not found" } }
export const refusal = (status: number, message = "as the document says"): Behaviour => ({ status, json: { message } })

/** The path without its query, and the query's parameters. */
export const asked = ({ method, path }: Received) => {
  const url = new URL(path, "http://pbx")
  return { line: `${method} ${url.pathname}`, query: Object.fromEntries(url.searchParams) }
}

/** An account at an Asterisk on loopback that behaves so. */
export const pbx = <A, E>(
  behave: (request: Received, earlier: number) => Behaviour,
  use: (provider: TelephonyProvider, received: ReadonlyArray<Received>) => Effect.Effect<A, E>,
  values: FormValues = stored
) =>
  Effect.gen(function* () {
    const carrier = yield* localCarrier((request, earlier) =>
      request.path.startsWith("/ari/asterisk/info") ? version() : behave(request, earlier)
    )
    return yield* Effect.gen(function* () {
      const provider = yield* spec.load(Redacted.make(values), { configurationId, phoneNumbers: [] })
      return yield* use(provider, carrier.received)
    }).pipe(Effect.provide(toolkit(carrier.baseUrl)))
  }).pipe(Effect.scoped)

const nameOf = (call: { readonly callId: string } | { readonly providerCallId: string }) =>
  "callId" in call ? call.callId : call.providerCallId

/** A desk that writes down what it is told. */
export const makeDesk = (live: ReadonlyArray<CallReference> = []) => {
  const seen = {
    connected: 0,
    inbound: new Array<InboundCall>(),
    answered: new Array<string>(),
    statuses: new Array<readonly [call: string, report: StatusReport]>(),
    mediaFailed: new Array<string>(),
    transfers: new Array<readonly [id: string, report: TransferLegReport]>(),
    opened: new Array<{ readonly callId: string; readonly url: string; readonly protocol: string }>()
  }
  const desk: ListenerDesk = {
    connected: Effect.sync(() => void seen.connected++),
    inbound: (call) => Effect.sync(() => void seen.inbound.push(call)),
    answered: (id) => Effect.sync(() => void seen.answered.push(id)),
    reports: {
      status: (call, report) => Effect.sync(() => void seen.statuses.push([nameOf(call), report])),
      mediaFailed: (call) => Effect.sync(() => void seen.mediaFailed.push(nameOf(call))),
      transferLeg: (id, report) => Effect.sync(() => void seen.transfers.push([id, report])),
      note: () => Effect.void
    },
    liveCalls: Effect.succeed(live),
    openMedia: (id, { url, protocol }) => Effect.sync(() => void seen.opened.push({ callId: id, url, protocol }))
  }
  return { desk, seen }
}
