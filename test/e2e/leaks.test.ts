import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { collectingArguments, isBackAt, settlesAt } from "../../scripts/soak/held.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import { type Api, callsOf, ours, setLimits, setUp, speech, theirs } from "../support/app.ts"
import { ask, type RunningService, startService } from "../support/service.ts"

const provider = "twilio"

const warmUp = 200
const oneByOne = 800
const atOnce = 100

/** Callers who ring one call after another, side by side. */
const lanes = 10

const hangUpWhen = (call: SimulatedCall, played: number) =>
  call.until((now) => now.heard.played.length >= played).pipe(Effect.andThen(call.hangUp), Effect.andThen(call.settled))

/** Asks the API without keeping the connection for the next request: the service would hold it for a minute. */
const once = ({ apiKey, url }: RunningService): Api => ({
  request: (method, path, body) =>
    ask(url + path, {
      method,
      headers: { "x-api-key": apiKey, "content-type": "application/json", connection: "close" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
})

/** Ends a call in one of the ways that calls end, at a random moment of its life. */
const killAtRandom = Effect.fnUntraced(function* (service: RunningService, call: SimulatedCall) {
  yield* Effect.sleep(yield* Random.nextIntBetween(0, 400))
  if (yield* Random.nextBoolean) return yield* call.hangUp
  const api = once(service)
  const row = (yield* callsOf(api)).find(({ provider_call_id }) => provider_call_id === call.id)
  yield* row === undefined ? call.hangUp : api.request("POST", `/api/v1/telephony/calls/${row.id}/hangup`, {})
})

describe("nothing is left of a call", () => {
  it.live(
    "after 1 000 calls one after another, and after 100 at once that were killed at random points",
    () =>
      Effect.gen(function* () {
        const carrier = yield* simulator.start()
        const service = yield* startService({
          nodeArguments: collectingArguments,
          environment: {
            [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase()}`]: carrier.baseUrl,
            SWITCHBOARD_LOG_LEVEL: "warn"
          }
        })
        yield* setUp({ ...service, provider, carrier })
        yield* setLimits(service, { max_concurrent_calls: 1000, calls_per_second: 1000 })
        const dial = carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        const shortCall = dial.pipe(
          Effect.flatMap((call) => hangUpWhen(call, 160)),
          Effect.andThen(carrier.forget)
        )

        const calls = (count: number) =>
          Effect.all(
            Array.from({ length: count }, () => shortCall),
            { concurrency: lanes, discard: true }
          )
        yield* calls(warmUp)
        const measured = { url: service.url, collect: Effect.sync(() => void service.process.kill("SIGUSR2")) }
        const before = yield* settlesAt(measured, ({ sessions, heap }) => sessions === 0 && heap > 0)

        yield* calls(oneByOne)
        const isSettled = isBackAt(before)
        yield* settlesAt(measured, isSettled)

        const doomed = yield* Effect.all(
          Array.from({ length: atOnce }, () => dial),
          { concurrency: atOnce }
        )
        yield* Effect.forEach(doomed, (call) => killAtRandom(service, call), { concurrency: atOnce, discard: true })
        yield* Effect.forEach(doomed, (call) => call.settled, { concurrency: atOnce, discard: true })
        yield* settlesAt(measured, isSettled)
        const open = yield* Effect.repeat(Effect.delay(callsOf(service), "100 millis"), {
          until: (all) => all.every(({ end_reason }) => end_reason !== null)
        })
        assert.strictEqual(open.length, 200)
      }).pipe(Effect.scoped),
    360_000
  )
})
