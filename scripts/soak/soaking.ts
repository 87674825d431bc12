import { randomBytes } from "node:crypto"
import { Clock, Effect, Option } from "effect"
import type { CallSnapshot, CarrierSimulator, FakeCarrier, SpokenAudio } from "../../src/simulator/SimulatorModule.ts"
import { SimulationFailed } from "../simulate/checks.ts"
import { makeServiceApi } from "../simulate/ServiceApi.ts"
import { startThrowAwayService } from "../simulate/throwAwayService.ts"
import { collectingArguments, held, type Held, isBackAt, type Measurable, settlesAt } from "./held.ts"

/** The person on the phone, and our number (both reserved for fiction). */
const person = "+442079460958"
const ours = "+14155550123"
/** Callers who ring one call after another, side by side. */
const lanes = 10
/** Calls before anything is measured, so that the code is compiled and pools are filled. */
const warmUpCalls = 100
const callLimit = "60 seconds"
/** How long connections that are kept open for the next request, and their timers, may take to go. */
const settleLimit = "90 seconds"

/** Half a second of mu-law that is nowhere silent. */
const speech: SpokenAudio = {
  format: { encoding: "mulaw", sampleRate: 8000 },
  bytes: Uint8Array.from({ length: 4000 }, (_, index) => 0x10 + (index % 97))
}

/** What a carrier's calls left behind. */
export interface Soaked {
  readonly calls: number
  /** What became of the calls that did not get through. */
  readonly failed: ReadonlyArray<string>
  readonly seconds: number
  readonly before: Held
  readonly after: Held
  readonly leaks: boolean
}

const isOver = ({ state }: CallSnapshot) => !["queued", "initiated", "ringing", "in-progress"].includes(state)

/** A call from the person: they hear a frame of what they say, and hang up. What the call was like when it never got so far. */
const shortCall = Effect.fnUntraced(function* (carrier: FakeCarrier) {
  const call = yield* carrier.placeInbound({ from: person, to: ours, audio: speech })
  const echoed = call.until((now) => isOver(now) || now.heard.played.length >= 160)
  const now = yield* Effect.timeoutOrElse(echoed, { duration: callLimit, orElse: () => call.now })
  yield* call.hangUp
  yield* Effect.timeoutOption(call.settled, callLimit)
  yield* carrier.forget
  return now.heard.played.length >= 160 ? Option.none<CallSnapshot>() : Option.some(now)
})

/** So many short calls, no faster than the carrier's own limits allow. Gives those that did not get through. */
const manyCalls = (carrier: FakeCarrier, count: number, perSecond = Number.POSITIVE_INFINITY) =>
  Effect.gen(function* () {
    const startMs = yield* Clock.currentTimeMillis
    const call = Effect.fnUntraced(function* (index: number) {
      const now = yield* Clock.currentTimeMillis
      yield* Effect.sleep(Math.max(0, startMs + (index * 1000) / perSecond - now))
      return yield* shortCall(carrier)
    })
    const ends = yield* Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      call,
      { concurrency: lanes }
    )
    return ends.flatMap(Option.toArray)
  })

const told = ({ errors, media, notes, state }: CallSnapshot) =>
  [`it was ${state}, its media ${media}`, ...errors, ...notes].join("; ")

/** No call gets through: what the last one came to, and the last lines that the service wrote. */
const blocked = (call: CallSnapshot, lines: ReadonlyArray<string>) =>
  new SimulationFailed({
    message: [`No call gets through: ${told(call)}.`, ...lines].join("\n")
  })

/** What a service holds when nothing goes on: the same sockets and timers in two measurements. */
const atRest = (service: Measurable) =>
  Effect.gen(function* () {
    const earlier = yield* held(service)
    const now = yield* settlesAt(service, ({ heap, sessions }) => sessions === 0 && heap > 0)
    return { now, same: now.sockets === earlier.sockets && now.timers === earlier.timers }
  }).pipe(
    Effect.repeat({ until: ({ same }) => same, times: 5 }),
    Effect.map(({ now }) => now)
  )

/**
 * Starts a service in a process of its own before a provider's fake carrier, has people call it, hear themselves and hang up,
 * and waits for what it holds to be what it was before.
 */
export const soak = Effect.fnUntraced(function* (
  { name, simulator }: { readonly name: string; readonly simulator: CarrierSimulator },
  calls: number
) {
  const carrier = yield* simulator.start()
  const running = yield* startThrowAwayService(name, carrier.baseUrl, collectingArguments)
  const { apiKey, lastLines, pid, url } = running
  const service: Measurable = { url, collect: Effect.sync(() => void process.kill(pid, "SIGUSR2")) }
  yield* carrier.setMediaUrl?.(`${url.replace(/^http/, "ws")}/api/v1/telephony/ws`) ?? Effect.void
  const api = yield* makeServiceApi(url, apiKey)
  const label = `soak-${randomBytes(4).toString("hex")}`
  const agentId = yield* api.createAgent(label)
  const configurationId = yield* api.createConfiguration(label, { provider: name, ...carrier.credentials })
  yield* carrier.setPasses?.(() => Effect.orDie(api.phonePass(configurationId, agentId))) ?? Effect.void
  yield* carrier.ownNumber(ours)
  yield* api.createNumber(configurationId, ours, agentId)
  yield* api.setLimits({ max_concurrent_calls: 1000, calls_per_second: 1000 })

  // A carrier whose calls are told over a connection of ours takes none before that connection stands.
  const first = yield* Effect.delay(shortCall(carrier), "250 millis").pipe(
    Effect.repeat({ until: Option.isNone, times: 60 })
  )
  if (Option.isSome(first)) return yield* blocked(first.value, yield* lastLines)
  yield* manyCalls(carrier, warmUpCalls, simulator.sustainedCallsPerSecond)
  const before = yield* atRest(service)

  const startedMs = yield* Clock.currentTimeMillis
  const failed = (yield* manyCalls(carrier, calls, simulator.sustainedCallsPerSecond)).map(told)
  const seconds = ((yield* Clock.currentTimeMillis) - startedMs) / 1000
  const settled = yield* Effect.timeoutOption(settlesAt(service, isBackAt(before)), settleLimit)
  const after = Option.isSome(settled) ? settled.value : yield* held(service)
  const soaked: Soaked = { calls, failed, seconds, before, after, leaks: Option.isNone(settled) }
  return soaked
}, Effect.scoped)
