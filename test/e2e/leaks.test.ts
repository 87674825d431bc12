import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import { callsOf, ours, setLimits, setUp, speech, theirs } from "../support/app.ts"
import { root } from "../support/imports.ts"
import { type RunningService, startService } from "../support/service.ts"

const provider = "twilio"

const warmUp = 200
const oneByOne = 1800
const atOnce = 100

/** Callers who ring one call after another, side by side. */
const lanes = 10

/** What 1 800 calls may leave on the heap, with compiled code and caches still settling: about 2 kB a call. */
const heapAllowance = 4 * 1024 * 1024

/** A metric's value by its name and labels as Prometheus writes them; 0 where it is not there. */
const metric = (service: RunningService, name: string) =>
  Effect.promise(async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text()
    const line = text.split("\n").find((each) => each.startsWith(`${name} `))
    return Number(line?.split(" ").at(-1) ?? 0)
  })

const held = (service: RunningService) =>
  Effect.all({
    sessions: metric(service, "switchboard_media_sessions"),
    sockets: metric(service, 'nodejs_active_resources{type="TCPSocketWrap"}'),
    timers: metric(service, 'nodejs_active_resources{type="Timeout"}'),
    heap: metric(service, "nodejs_heap_size_used_bytes")
  })
type Held = Effect.Success<ReturnType<typeof held>>

/** Collects garbage and waits until the service holds no more than it may: a leak shows as a test that times out. */
const settlesAt = (service: RunningService, isSettled: (held: Held) => boolean) =>
  Effect.sync(() => service.process.kill("SIGUSR2")).pipe(
    Effect.andThen(Effect.delay(held(service), "500 millis")),
    Effect.repeat({ until: isSettled })
  )

const hangUpWhen = (call: SimulatedCall, played: number) =>
  call.until((now) => now.heard.played.length >= played).pipe(Effect.andThen(call.hangUp), Effect.andThen(call.settled))

/** Ends a call in one of the ways that calls end, at a random moment of its life. */
const killAtRandom = Effect.fnUntraced(function* (service: RunningService, call: SimulatedCall) {
  yield* Effect.sleep(yield* Random.nextIntBetween(0, 400))
  if (yield* Random.nextBoolean) return yield* call.hangUp
  const row = (yield* callsOf(service)).find(({ provider_call_id }) => provider_call_id === call.id)
  yield* row === undefined ? call.hangUp : service.request("POST", `/api/v1/telephony/calls/${row.id}/hangup`, {})
})

describe("nothing is left of a call", () => {
  it.live(
    "after 2 000 calls one after another, and after 100 at once that were killed at random points",
    () =>
      Effect.gen(function* () {
        const carrier = yield* simulator.start()
        const service = yield* startService({
          nodeArguments: ["--expose-gc", "--require", join(root, "test/support/collectOnSignal.cjs")],
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
        const before = yield* settlesAt(service, ({ sessions, heap }) => sessions === 0 && heap > 0)

        yield* calls(oneByOne)
        const isSettled = ({ sessions, sockets, timers, heap }: Held) =>
          sessions === 0 && sockets <= before.sockets && timers <= before.timers && heap <= before.heap + heapAllowance
        yield* settlesAt(service, isSettled)

        const doomed = yield* Effect.all(
          Array.from({ length: atOnce }, () => dial),
          { concurrency: atOnce }
        )
        yield* Effect.forEach(doomed, (call) => killAtRandom(service, call), { concurrency: atOnce, discard: true })
        yield* Effect.forEach(doomed, (call) => call.settled, { concurrency: atOnce, discard: true })
        yield* settlesAt(service, isSettled)
        const open = yield* Effect.repeat(Effect.delay(callsOf(service), "100 millis"), {
          until: (all) => all.every(({ end_reason }) => end_reason !== null)
        })
        assert.strictEqual(open.length, 200)
      }).pipe(Effect.scoped),
    240_000
  )
})
