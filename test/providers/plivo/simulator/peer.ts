import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { validateV3Signature } from "plivo/dist/utils/v3Security.js"
import type { WebSocket } from "ws"
import type { AudioFormat } from "../../../../src/Audio.ts"
import { type PlivoSimulatorOptions, startExchange } from "../../../../src/providers/plivo/simulator/exchange.ts"
import type { FakeCarrier } from "../../../../src/simulator/SimulatorModule.ts"
import { type Arrived, type Service, service, xml } from "../../../simulator/service.ts"

export const mulaw: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
export const ours = "+14155550100"
export const person = "+442071838750"

/** Bytes that never repeat a run of 160, so that order matters. */
export const speech = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)
export const contains = (whole: Uint8Array, part: Uint8Array) => Buffer.from(whole).includes(Buffer.from(part))

export const credential = (carrier: FakeCarrier, name: "auth_id" | "auth_token" | "main_auth_token") => {
  const value = carrier.credentials[name]
  return typeof value === "string" ? value : assert.fail(`the fake has no ${name}`)
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

const Body = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))
const decodeBody = Schema.decodeUnknownOption(Body)

/** A REST request to the fake under its account, with the account's own credentials unless told otherwise. */
export const rest = (
  carrier: FakeCarrier,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
  other: { readonly password?: string; readonly type?: string } = {}
): Effect.Effect<Answer> =>
  Effect.promise(async (signal) => {
    const user = credential(carrier, "auth_id")
    const secret = other.password ?? credential(carrier, "auth_token")
    const response = await fetch(`${carrier.baseUrl}/v1/Account/${user}/${path}`, {
      method,
      signal,
      headers: {
        Authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`,
        ...(body === undefined ? {} : { "Content-Type": other.type ?? "application/json" })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    const decoded = decodeBody(text)
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: decoded._tag === "Some" ? decoded.value : {}
    }
  })

/** A fake with one number whose application asks the service, and reports hangups to it. */
export const start = Effect.fnUntraced(function* (options: PlivoSimulatorOptions = {}) {
  const carrier = yield* startExchange(options)
  const peer = yield* service
  yield* carrier.ownNumber(ours)
  const created = yield* rest(carrier, "POST", "Application/", {
    app_name: "gateway-1",
    answer_url: `${peer.url}/voice?tenant=a%20b&x=1`,
    answer_method: "POST",
    hangup_url: `${peer.url}/status/hangup`,
    hangup_method: "POST"
  })
  const appId = String(created.body["app_id"])
  yield* rest(carrier, "POST", `Number/${ours.slice(1)}/`, { app_id: appId })
  return { carrier, peer, appId, token: credential(carrier, "auth_token") }
})

/** What a dial of the service's number to the person is asked with. */
export const dialBody = (peer: Service) => ({
  from: ours.slice(1),
  to: person,
  answer_url: `${peer.url}/answer/run-42`,
  answer_method: "POST",
  ring_url: `${peer.url}/status/ring`,
  hangup_url: `${peer.url}/status/hangup`
})

/** Markup that joins the call to the service's media socket. */
export const streaming = (peer: Service, extra = "", path = "/media/one", after = "") =>
  xml(
    `<Stream bidirectional="true" keepCallAlive="true" contentType="audio/x-mulaw;rate=8000" ${extra}>` +
      `${peer.url.replace("http", "ws")}${path}</Stream>${after}`
  )

/** Whether the carrier's own library takes a request for signed with the token. */
export const accepts = (
  token: string,
  url: string,
  request: Pick<Arrived, "method" | "target" | "headers" | "fields">,
  header = "x-plivo-signature-v3"
) =>
  validateV3Signature(
    request.method,
    url + request.target,
    String(request.headers["x-plivo-signature-v3-nonce"]),
    token,
    String(request.headers[header]),
    request.method === "GET" ? {} : { ...request.fields }
  )

const Media = Schema.Struct({ event: Schema.Literal("media"), media: Schema.Struct({ payload: Schema.String }) })
const isMedia = Schema.is(Media)

export const playAudio = (payload: string) =>
  JSON.stringify({ event: "playAudio", media: { contentType: "audio/x-mulaw", sampleRate: 8000, payload } })

/** An agent that says what it hears, frame by frame. */
export const echo = (socket: WebSocket, text: string) => {
  const message: unknown = JSON.parse(text)
  if (isMedia(message)) socket.send(playAudio(message.media.payload))
}

const Start = Schema.Struct({
  event: Schema.Literal("start"),
  start: Schema.Struct({ streamId: Schema.String, callId: Schema.String })
})
/** The `start` messages that have come. */
export const starts = (peer: Service) => peer.messages.filter(Schema.is(Start)).map(({ start }) => start)

/** Waits for the other side, on the real clock. */
export const until = (condition: () => boolean) =>
  Effect.repeat(
    Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 5))).pipe(
      Effect.andThen(Effect.sync(condition))
    ),
    { until: (holds) => holds }
  )
