import { Context, Effect, Layer, Logger, References, Schema } from "effect"
import { service } from "../../src/main.ts"
import type { CarrierSimulator, FakeCarrier, SpokenAudio } from "../../src/simulator/SimulatorModule.ts"
import { Settings } from "../../src/Settings.ts"
import { embeddedDatabase } from "./database.ts"
import { passes } from "./passes.ts"
import { ask, freePort, type ApiAnswer } from "./service.ts"

export const ours = "+14155550123"
export const theirs = "+442071838750"

/** Half a second of mu-law that is nowhere silent. */
export const speech: SpokenAudio = {
  format: { encoding: "mulaw", sampleRate: 8000 },
  bytes: Uint8Array.from({ length: 4000 }, (_, index) => 0x10 + (index % 97))
}

/** A call as the API shows it, as far as the tests look at it. */
export const CallView = Schema.Struct({
  id: Schema.String,
  direction: Schema.String,
  from: Schema.String,
  to: Schema.String,
  mode: Schema.String,
  status: Schema.String,
  media_state: Schema.String,
  provider_call_id: Schema.NullOr(Schema.String),
  end_reason: Schema.NullOr(Schema.String),
  end_owner: Schema.NullOr(Schema.String),
  duration_ms: Schema.NullOr(Schema.Int),
  cost: Schema.NullOr(Schema.Struct({ amount: Schema.String, currency: Schema.String }))
})
export type CallView = typeof CallView.Type

const Created = Schema.Struct({ id: Schema.String })
const CallList = Schema.Struct({ calls: Schema.Array(CallView) })
const Event = Schema.Struct({
  source: Schema.String,
  kind: Schema.String,
  payload: Schema.Record(Schema.String, Schema.Json)
})
const Events = Schema.Struct({ events: Schema.Array(Event) })
const Versioned = Schema.Struct({ version: Schema.Int })

/** The id of a created row, or a test failure that shows the answer. */
export const createdId = (answer: ApiAnswer) =>
  answer.status === 201 ? Schema.decodeUnknownSync(Created)(answer.body).id : Effect.die(answer).pipe(Effect.runSync)

/** What a test says to the service, in this process or another. */
export interface Api {
  readonly request: (method: string, path: string, body?: unknown) => Effect.Effect<ApiAnswer>
}

/** An echo agent, a configuration of the fake carrier, and its number with the agent on it. */
export const setUp = Effect.fnUntraced(function* (
  {
    carrier,
    provider,
    ...api
  }: Api & {
    readonly carrier: FakeCarrier
    readonly provider: string
  },
  agent: { readonly kind: string; readonly settings: Readonly<Record<string, unknown>> } = {
    kind: "echo",
    settings: {}
  }
) {
  const organizations = "/api/v1/organizations"
  const agentId = createdId(yield* api.request("POST", `${organizations}/agents`, { name: "Agent", ...agent }))
  const configurationId = createdId(
    yield* api.request("POST", `${organizations}/telephony-configs`, {
      name: "Carrier",
      is_default_outbound: true,
      config: { provider, ...carrier.credentials }
    })
  )
  yield* carrier.ownNumber(ours)
  const numbers = `${organizations}/telephony-configs/${configurationId}/phone-numbers`
  const numberId = createdId(yield* api.request("POST", numbers, { address: ours, agent_id: agentId }))
  return { agentId, configurationId, numberId, numbers }
})

/** Changes the organization's limits. */
export const setLimits = Effect.fnUntraced(function* (api: Api, limits: Readonly<Record<string, number>>) {
  const path = "/api/v1/organizations/current"
  const { version } = Schema.decodeUnknownSync(Versioned)((yield* api.request("GET", path)).body)
  const changed = yield* api.request("PATCH", path, { version, ...limits })
  return changed.status === 200 ? undefined : yield* Effect.die(changed)
})

/** The calls that the API lists, newest first. */
export const callsOf = (api: Api) =>
  Effect.map(
    api.request("GET", "/api/v1/telephony/calls?limit=200"),
    ({ body }) => Schema.decodeUnknownSync(CallList)(body).calls
  )

/** Waits until the listed calls are as wanted. */
export const callsUntil = (api: Api, condition: (calls: ReadonlyArray<CallView>) => boolean) =>
  Effect.repeat(Effect.delay(callsOf(api), "20 millis"), { until: condition })

/** Waits until the call that the carrier knows by this id has ended, and gives it. */
export const endOf = Effect.fnUntraced(function* (api: Api, providerCallId: string) {
  const isIt = (call: CallView) => call.provider_call_id === providerCallId && call.end_reason !== null
  const found = (yield* callsUntil(api, (calls) => calls.some(isIt))).find(isIt)
  return found ?? (yield* Effect.die("the call was there a moment ago"))
})

/** A call's log. */
export const eventsOf = (api: Api, callId: string) =>
  Effect.map(
    api.request("GET", `/api/v1/telephony/calls/${callId}/events?limit=200`),
    ({ body }) => Schema.decodeUnknownSync(Events)(body).events
  )

/** Keeps every line of the log, at every level, instead of printing it. */
const keptIn = (lines: Array<string>) =>
  Layer.mergeAll(
    Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))]),
    Layer.succeed(References.MinimumLogLevel, "Trace")
  )

const start = Effect.fnUntraced(function* (
  simulator: CarrierSimulator,
  provider: string,
  environment: Readonly<Record<string, string>>,
  log?: Array<string>
) {
  const carrier = yield* simulator.start()
  const port = yield* freePort
  const url = `http://127.0.0.1:${port}`
  const apiKey = "sb_test_0123456789abcdef0123456789abcdef"
  const settings = Settings.test({
    PORT: String(port),
    SWITCHBOARD_API_KEY: apiKey,
    [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase().replaceAll("-", "_")}`]: carrier.baseUrl,
    // A test that fails leaves calls behind, which nobody waits for.
    SWITCHBOARD_DRAIN_SECONDS: "1",
    ...environment
  })
  const started = service.pipe(Layer.provideMerge(embeddedDatabase), Layer.provide(settings))
  const context = yield* Layer.build(log === undefined ? started : started.pipe(Layer.provide(keptIn(log))))
  yield* carrier.setMediaUrl?.(`${url.replace("http", "ws")}/api/v1/telephony/ws`) ?? Effect.void
  const request: Api["request"] = (method, path, body) =>
    ask(url + path, {
      method,
      headers: { "x-api-key": apiKey, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  yield* carrier.setPasses?.(passes({ request }, provider)) ?? Effect.void
  return { provider, carrier, url, apiKey, request, context }
})

/**
 * The service in this process, on the embedded database, joined to a fake carrier. It runs on the real clock: share it with
 * `layer(App.layer(...), { excludeTestServices: true })`.
 */
export class App extends Context.Service<App, Effect.Success<ReturnType<typeof start>>>()("test/App") {
  static readonly layer = (
    simulator: CarrierSimulator,
    provider: string,
    environment: Readonly<Record<string, string>> = {},
    log?: Array<string>
  ) => Layer.effect(App, Effect.orDie(start(simulator, provider, environment, log)))
}
