import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { WebSocket } from "ws"
import type { AudioFormat } from "../../../../src/Audio.ts"
import { simulator } from "../../../../src/providers/vobiz/simulator.ts"
import type { VobizOptions } from "../../../../src/providers/vobiz/simulator/settings.ts"
import type { FakeCarrier } from "../../../../src/simulator/SimulatorModule.ts"
import { type Reply, type Service, service } from "../../../simulator/service.ts"

export const mulaw: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
/** A number of ours and a person, both of India. */
export const ours = "+911140000001"
export const person = "+919800000001"

/** Bytes that never repeat a run of 160, so that order matters. */
export const speech = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)
export const contains = (whole: Uint8Array, part: Uint8Array) => Buffer.from(whole).includes(Buffer.from(part))

/** Markup that gives the call's audio to the service's media socket. */
export const streamTo = (
  { url }: Service,
  attributes = 'bidirectional="true" keepCallAlive="true" contentType="audio/x-mulaw;rate=8000"',
  after = ""
): Reply => markup(`<Stream ${attributes}>${url.replace("http", "ws")}/media/one</Stream>${after}`)

export const markup = (body: string): Reply => ({ type: "application/xml", body: `<Response>${body}</Response>` })

/** Every readable text message of the media sockets, in order, as it was written. */
export const listen = (of: Service, then: (socket: WebSocket, text: string) => void = () => {}) => {
  const texts: Array<string> = []
  of.onMessage = (socket, text) => {
    texts.push(text)
    then(socket, text)
  }
  return texts
}

export const streamIdIn = (text: string) => /"streamId":"([0-9a-f-]{36})"/.exec(text)?.[1] ?? ""

/** An agent that says what it hears, frame by frame. */
export const echo = (socket: WebSocket, text: string) => {
  const payload = /"event":"media".*"payload":"([^"]+)"/.exec(text)?.[1]
  if (payload === undefined) return
  const media = { contentType: "audio/x-mulaw", sampleRate: 8000, payload }
  socket.send(JSON.stringify({ event: "playAudio", streamId: streamIdIn(text), media }))
}

/** A fake carrier with our number attached to `<service>/voice`, and the service. Answers there, callbacks at `/status/…`. */
export const start = Effect.fnUntraced(function* (options: VobizOptions = {}) {
  const carrier = yield* simulator.start(options)
  const at = yield* service
  yield* carrier.ownNumber(ours)
  const app = yield* rest(carrier, "POST", "/Application/", {
    app_name: "gateway",
    answer_url: `${at.url}/voice?tenant=7`,
    answer_method: "POST",
    hangup_url: `${at.url}/status/hangup`
  })
  const applicationId = String(app.body["app_id"])
  yield* rest(carrier, "POST", "/numbers/%2B911140000001/application", { application_id: applicationId })
  return { carrier, at, applicationId }
})

/** A dial request of ours, as the documents have it. */
export const dialBody = (at: Service) => ({
  from: "911140000001",
  to: "919800000001",
  answer_url: `${at.url}/answer/42`,
  answer_method: "POST",
  ring_url: `${at.url}/status/ring`,
  ring_method: "POST",
  hangup_url: `${at.url}/status/hangup`,
  hangup_method: "POST"
})

export const credential = (carrier: FakeCarrier, name: "auth_id" | "auth_token" | "parent_auth_token") => {
  const value = carrier.credentials[name]
  return typeof value === "string" ? value : assert.fail(`the fake has no ${name}`)
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** A REST request to the fake. A path is below the account, or absolute after `//`. */
export const rest = (
  carrier: FakeCarrier,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {}
): Effect.Effect<Answer> =>
  Effect.promise(async (signal) => {
    const id = credential(carrier, "auth_id")
    const url = path.startsWith("//") ? path.slice(1) : `/api/v1/Account/${id}${path}`
    const response = await fetch(carrier.baseUrl + url, {
      method,
      signal,
      headers: {
        "X-Auth-ID": id,
        "X-Auth-Token": credential(carrier, "auth_token"),
        "Content-Type": "application/json",
        ...headers
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    const parsed: Readonly<Record<string, unknown>> = text === "" ? {} : JSON.parse(text)
    return { status: response.status, headers: response.headers, body: parsed }
  })

/** Waits for the other side of a socket, on the real clock. */
export const pause = (ms: number) => Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, ms)))
export const untilEffect = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(Effect.andThen(pause(5), condition), { until: (holds) => holds })
export const until = (condition: () => boolean) => untilEffect(Effect.sync(condition))
