import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TelnyxWebhook } from "telnyx/lib/webhooks"
import { simulator } from "../../../../src/providers/telnyx/simulator.ts"
import type { FakeCarrier, SimulatorOptions } from "../../../../src/simulator/SimulatorModule.ts"
import { type Arrived, service, type Service } from "../../../simulator/service.ts"

export const ours = "+14155550123"
export const theirs = "+442071838750"
export const third = "+442071838751"

/** A field of the fake's credentials. */
export const credential = (carrier: FakeCarrier, name: "api_key" | "connection_id" | "webhook_public_key") => {
  const value = carrier.credentials[name]
  return typeof value === "string" ? value : assert.fail(`the fake has no ${name}`)
}

const Fields = Schema.Record(Schema.String, Schema.Json)
const decodeFields = Schema.decodeUnknownSync(Fields)

const Envelope = Schema.fromJsonString(
  Schema.Struct({
    data: Schema.optionalKey(Schema.Json),
    meta: Schema.optionalKey(Fields),
    errors: Schema.optionalKey(Schema.Array(Schema.Struct({ code: Schema.String, title: Schema.String })))
  })
)

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly data: Readonly<Record<string, Schema.Json>>
  readonly list: ReadonlyArray<Readonly<Record<string, Schema.Json>>>
  readonly meta: Readonly<Record<string, Schema.Json>>
  /** The codes of its errors. */
  readonly codes: ReadonlyArray<string>
}

/** A REST request to the fake, with the account's own key unless told otherwise. */
export const rest = (
  carrier: FakeCarrier,
  method: "GET" | "POST" | "PATCH" | "PUT",
  path: string,
  body: Readonly<Record<string, unknown>> = {},
  key = credential(carrier, "api_key")
): Effect.Effect<Answer> =>
  Effect.promise(async (signal) => {
    const response = await fetch(`${carrier.baseUrl}/v2${path}`, {
      method,
      signal,
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Accept: "application/json" },
      ...(method === "GET" ? {} : { body: JSON.stringify(body) })
    })
    const { data = {}, errors = [], meta = {} } = Schema.decodeUnknownSync(Envelope)(await response.text())
    const list = Array.isArray(data) ? data.map((each) => decodeFields(each)) : []
    return {
      status: response.status,
      headers: response.headers,
      data: Array.isArray(data) ? {} : decodeFields(data),
      list,
      meta,
      codes: errors.map(({ code }) => code)
    }
  })

/** A command on a leg. */
export const command = (
  carrier: FakeCarrier,
  id: string,
  action: string,
  body: Readonly<Record<string, unknown>> = {}
) => rest(carrier, "POST", `/calls/${encodeURIComponent(id)}/actions/${action}`, body)

const Event = Schema.fromJsonString(
  Schema.Struct({
    data: Schema.Struct({
      record_type: Schema.Literal("event"),
      event_type: Schema.String,
      id: Schema.String,
      occurred_at: Schema.String,
      payload: Fields
    }),
    meta: Schema.Struct({ attempt: Schema.Int, delivered_to: Schema.String })
  })
)
const decodeEvent = Schema.decodeUnknownSync(Event)

export const eventOf = (request: Arrived) => {
  const { data, meta } = decodeEvent(request.body)
  return { ...meta, ...data, target: request.target }
}

export const eventsOf = (of: Service) => of.arrived.map(eventOf)

/** The events of one leg, as they arrived. */
export const namesOf = (of: Service, id: string) =>
  eventsOf(of)
    .filter(({ payload }) => payload["call_control_id"] === id)
    .map(({ event_type }) => event_type)

/** Whether Telnyx's own library takes a webhook. */
export const accepts = (carrier: FakeCarrier, { body, headers }: Pick<Arrived, "body" | "headers">) =>
  Effect.promise(() => {
    const names = ["telnyx-signature-ed25519", "telnyx-timestamp"]
    const given = names.flatMap((name) => (typeof headers[name] === "string" ? [[name, headers[name]]] : []))
    return new TelnyxWebhook(credential(carrier, "webhook_public_key"))
      .verify(body, Object.fromEntries(given))
      .then(() => true)
      .catch(() => false)
  })

/** A message of the media socket. */
const Message = Schema.Record(Schema.String, Schema.Json)
const decodeMessage = Schema.decodeUnknownSync(Message)
export const messagesOf = (of: Service) => of.messages.map((message) => decodeMessage(message))

/** Waits for the other side of a socket, on the real clock. */
const pause = Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 5)))
export const until = (condition: () => boolean) => Effect.repeat(pause, { until: condition })

/** A text, or nothing. */
export const textOf = (value: Schema.Json | undefined) => (typeof value === "string" ? value : "")

/** An agent that says what it hears, frame by frame. */
export const echo: Service["onMessage"] = (socket, text) => {
  const payload = /"event":"media".*"payload":"([^"]+)"/.exec(text)?.[1]
  if (payload !== undefined) socket.send(JSON.stringify({ event: "media", media: { payload } }))
}

export const streamUrl = (of: Service, path = "/media/one") => `${of.url.replace("http", "ws")}${path}`

/** The parameters with which our side asks for a stream. */
export const streamParameters = (of: Service) => ({
  stream_url: streamUrl(of),
  stream_track: "inbound_track",
  stream_bidirectional_mode: "rtp",
  stream_bidirectional_codec: "PCMU",
  stream_bidirectional_target_legs: "self",
  send_silence_when_idle: true
})

/** A fake with a number, and a service whose webhook the number's application has. */
export const start = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const carrier = yield* simulator.start(options)
  const peer = yield* service
  peer.answer = () => ({ type: "application/json", body: "{}" })
  yield* carrier.ownNumber(ours, { webhook: `${peer.url}/inbound` })
  const dialBody = {
    connection_id: credential(carrier, "connection_id"),
    to: theirs,
    from: ours,
    webhook_url: `${peer.url}/events/42`,
    webhook_url_method: "POST"
  }
  return { carrier, peer, dialBody }
})

/** An inbound call that our side has answered, with a stream unless told otherwise. */
export const answered = Effect.fnUntraced(function* (
  setting: Effect.Success<ReturnType<typeof start>>,
  body: Readonly<Record<string, unknown>> = streamParameters(setting.peer),
  from = theirs
) {
  const { carrier, peer } = setting
  const call = yield* carrier.placeInbound({ from, to: ours })
  yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "voice"))
  const reply = yield* command(carrier, call.id, "answer", { ...body, webhook_url: `${peer.url}/events/42` })
  assert.strictEqual(reply.status, 200, JSON.stringify(reply.codes))
  if ("stream_url" in body) yield* call.until(({ media }) => media === "streaming")
  return call
})
