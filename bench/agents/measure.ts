import type { ChildProcess } from "node:child_process"
import { Effect, Schema } from "effect"
import { child, next } from "../processes.ts"
import { Cpu, Ready } from "../protocol.ts"
import { type Arguments, Heard, Talked, type Times } from "./protocol.ts"

/** Seconds of few calls before anything is measured, so that the code is compiled and the heap has its shape. */
const warmUpSeconds = 2
const warmUpCalls = 20
/** Seconds for the calls to settle before the measured window. */
const settleSeconds = 2
/** How long calls may take to reach the agent, or to be gone from it. */
const arrivalLimit = "20 seconds"
/** For frames that are on their way to the agent at the end of the window. */
const lastFrames = "300 millis"

/** The middle one and the slowest of many, ms. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface Measured {
  /** CPU of the server alone, user and system, per frame that came back: one to the agent and one from it. */
  readonly microsPerFrame: number
  readonly userMicrosPerFrame: number
  /** From the caller's socket to the agent's. */
  readonly toAgent: Spread
  /** From the caller's socket to the agent, which answers at once, and back. */
  readonly roundTrip: Spread
  readonly echoed: number
  /** Frames that the agent never got. */
  readonly lost: number
  readonly complaint: string | undefined
}

export interface Measurement extends Omit<Arguments, "agentUrl"> {
  /** The server's program. */
  readonly server: "./server.ts" | "./proxy.ts"
  readonly calls: number
  readonly seconds: number
}

const spread = (times: ReadonlyArray<number>): Spread => {
  const sorted = Float64Array.from(times).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** How long every frame took to the agent, ms, and how many it never got. */
export const journeys = (said: Times, heard: Times) => {
  const took: Array<number> = []
  let lost = 0
  for (const [call, { at, numbers }] of Object.entries(said)) {
    const arrivals = new Map(heard[call]?.numbers.map((number, i) => [number, heard[call]?.at[i]]))
    for (const [i, number] of numbers.entries()) {
      const arrivedAt = arrivals.get(number)
      if (arrivedAt === undefined) lost += 1
      else took.push(arrivedAt - (at[i] ?? arrivedAt))
    }
  }
  return { took, lost }
}

/** Waits until the agent has exactly so many calls. */
const agentHas = (agent: ChildProcess, calls: number) =>
  next(agent, Schema.Literal("here"), { calls }).pipe(
    Effect.timeoutOrElse({
      duration: arrivalLimit,
      orElse: () => Effect.die(new Error(`the agent did not come to have ${calls} calls`))
    })
  )

/** Calls that are connected to the agent and speak, for as long as the scope is open. */
const talking = Effect.fnUntraced(function* (agent: ChildProcess, port: number, provider: string, calls: number) {
  const load = yield* child(new URL("./load.ts", import.meta.url))
  yield* next(load, Schema.Literal("open"), { port, provider, calls })
  yield* agentHas(agent, calls)
  yield* Effect.sleep("200 millis")
  yield* next(load, Schema.Literal("speaking"), "speak")
  return load
})

/** One server between one load and one agent, all of them new: some calls to warm up, then the measured ones. */
export const measure = Effect.fnUntraced(function* (measurement: Measurement) {
  const { calls, format, kind, provider, seconds, server: file } = measurement
  const given = { kind, format, provider }
  const agent = yield* child(new URL("./agent.ts", import.meta.url), JSON.stringify({ ...given, agentUrl: "" }))
  const agentUrl = `ws://127.0.0.1:${(yield* next(agent, Ready)).port}`
  const server = yield* child(new URL(file, import.meta.url), JSON.stringify({ ...given, agentUrl }))
  const { port } = yield* next(server, Ready)
  yield* talking(agent, port, provider, Math.min(calls, warmUpCalls)).pipe(
    Effect.andThen(Effect.sleep(warmUpSeconds * 1000)),
    Effect.scoped
  )
  yield* agentHas(agent, 0)
  const load = yield* talking(agent, port, provider, calls)
  yield* Effect.sleep(settleSeconds * 1000)
  yield* next(agent, Schema.Literal("reset"), "reset")
  yield* next(load, Schema.Literal("reset"), "reset")
  const before = yield* next(server, Cpu, "cpu")
  yield* Effect.sleep(seconds * 1000)
  const after = yield* next(server, Cpu, "cpu")
  const { complaint, echoed, roundTrips, said } = yield* next(load, Talked, "result")
  yield* Effect.sleep(lastFrames)
  const { heard } = yield* next(agent, Heard, "result")
  const { lost, took } = journeys(said, heard)
  const user = after.user - before.user
  const measured: Measured = {
    microsPerFrame: (user + after.system - before.system) / echoed,
    userMicrosPerFrame: user / echoed,
    toAgent: spread(took),
    roundTrip: spread(roundTrips),
    echoed,
    lost,
    complaint
  }
  return measured
}, Effect.scoped)
