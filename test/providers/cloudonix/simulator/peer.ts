import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { WebSocket } from "ws"
import type { CloudonixOptions } from "../../../../src/providers/cloudonix/simulator/options.ts"
import { simulator } from "../../../../src/providers/cloudonix/simulator.ts"
import type { FakeCarrier } from "../../../../src/simulator/SimulatorModule.ts"
import { type Arrived, type Service, service } from "../../../simulator/service.ts"

export const ours = "+14155550123"
export const theirs = "+442071838750"

/** A field of the fake's credentials. */
export const credential = (carrier: FakeCarrier, name: "bearer_token" | "domain_id") => {
  const value = carrier.credentials[name]
  return typeof value === "string" ? value : assert.fail(`the fake has no ${name}`)
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body if it is an object, else nothing. */
  readonly body: Readonly<Record<string, unknown>>
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

/** A REST request to the fake, with the account's own key unless told otherwise. `~` in a path is the domain's name. */
export const rest = (
  carrier: FakeCarrier,
  method: Method,
  path: string,
  body?: unknown,
  key = credential(carrier, "bearer_token")
): Effect.Effect<Answer> =>
  Effect.promise(async (signal) => {
    const response = await fetch(carrier.baseUrl + path.replace("~", credential(carrier, "domain_id")), {
      method,
      signal,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" })
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
    const text = await response.text()
    const parsed: Readonly<Record<string, unknown>> = text.startsWith("{") ? JSON.parse(text) : {}
    return { status: response.status, headers: response.headers, text, body: parsed }
  })

/** A fake domain and a server of ours. Requests are unlimited unless told otherwise. */
export const start = Effect.fnUntraced(function* (options: CloudonixOptions = {}) {
  const carrier = yield* simulator.start({ requestLimit: undefined, ...options })
  const peer = yield* service
  return { carrier, peer }
})

/** Places a call by REST and gives it with its token. */
export const dial = Effect.fnUntraced(function* (carrier: FakeCarrier, fields: Readonly<Record<string, unknown>>) {
  const placed = yield* rest(carrier, "POST", "/calls/~/application", {
    destination: theirs,
    "caller-id": ours,
    ...fields
  })
  assert.strictEqual(placed.status, 200, placed.headers.get("x-simulator-reason") ?? placed.text)
  const call = yield* carrier.nextOutbound
  assert.strictEqual(placed.body["token"], call.id)
  return call
})

/** Markup that joins the call to the peer's media socket. */
export const stream = (peer: Service, inside = "", path = "/media/one") =>
  `<Connect><Stream url="${peer.url.replace("http", "ws")}${path}">${inside}</Stream></Connect><Hangup/>`

export const cxml = (body: string) => `<?xml version="1.0" encoding="UTF-8"?><Response>${body}</Response>`

export const conference = (name: string, attributes = "") =>
  `<Dial><Conference ${attributes}>${name}</Conference></Dial>`

/** A body of JSON. */
export const json = ({ body }: Arrived): Readonly<Record<string, unknown>> => JSON.parse(body)

/** What arrived at one path. */
export const at = (peer: Service, path: string) => peer.arrived.filter(({ target }) => target.startsWith(path))

/** Session statuses in the order of arrival, repetitions left out. */
export const statuses = (peer: Service, path: string) =>
  at(peer, path)
    .map((request) => String(json(request)["status"]))
    .filter((status, index, all) => status !== all[index - 1])

/** An agent that says what it hears, packet by packet. */
export const echo = (socket: WebSocket, text: string) => {
  const payload = /"payload":"([^"]+)"/.exec(text)?.[1]
  const streamSid = /"streamSid":"([^"]+)"/.exec(text)?.[1]
  if (payload !== undefined) socket.send(JSON.stringify({ event: "media", streamSid, media: { payload } }))
}

export const events = (peer: Service) => peer.messages.map((message) => JSON.stringify(message))

/** The stream that the peer was told of last. */
export const streamSid = (peer: Service) =>
  /"streamSid":"([^"]+)"/.exec(events(peer).findLast((event) => event.includes('"start"')) ?? "")?.[1] ??
  assert.fail("no stream has started")

/** Waits for the other side of a socket, on the real clock. */
const pause = (ms: number) => Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, ms)))
export const untilEffect = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(Effect.andThen(pause(5), condition), { until: (holds) => holds })
export const until = (condition: () => boolean) => untilEffect(Effect.sync(condition))
