import { Effect, Schema } from "effect"
import { child, next } from "./processes.ts"
import { Cpu, LoadResult, Memory, Ready } from "./protocol.ts"

/** Seconds of few calls before anything is measured, so that the code is compiled and the heap has its shape. */
const warmUpSeconds = 2
const warmUpCalls = 20
/** Seconds for the calls to settle before the measured window. */
const settleSeconds = 2

export interface Measured {
  /** CPU of the server alone, user and system, per frame that came back. */
  readonly microsPerFrame: number
  readonly userMicrosPerFrame: number
  readonly load: LoadResult
  readonly kilobytesPerCall: number
}

export interface Measurement {
  /** The server's program. */
  readonly server: "./server.ts" | "./baseline.ts"
  /** The carrier whose wire format the callers speak. */
  readonly provider: string
  readonly calls: number
  readonly seconds: number
}

/** One server under one load: some calls to warm up, then the measured ones. */
export const measure = Effect.fnUntraced(function* ({ calls, provider, seconds, server: file }: Measurement) {
  const server = yield* child(new URL(file, import.meta.url), provider)
  const { port } = yield* next(server, Ready)
  const cpu = next(server, Cpu, "cpu")
  const memory = next(server, Memory, "memory")
  yield* Effect.scoped(
    Effect.gen(function* () {
      const load = yield* child(new URL("./load.ts", import.meta.url))
      yield* next(load, Schema.Literal("started"), { port, provider, calls: Math.min(calls, warmUpCalls) })
      yield* Effect.sleep(warmUpSeconds * 1000)
    })
  )
  yield* Effect.sleep("500 millis")
  const idle = yield* memory
  const load = yield* child(new URL("./load.ts", import.meta.url))
  yield* next(load, Schema.Literal("started"), { port, provider, calls })
  yield* Effect.sleep(settleSeconds * 1000)
  yield* next(load, Schema.Literal("reset"), "reset")
  const before = yield* cpu
  yield* Effect.sleep(seconds * 1000)
  const after = yield* cpu
  const result = yield* next(load, LoadResult, "result")
  const { rss } = yield* memory
  const user = after.user - before.user
  const system = after.system - before.system
  const measured: Measured = {
    microsPerFrame: (user + system) / result.echoed,
    userMicrosPerFrame: user / result.echoed,
    load: result,
    kilobytesPerCall: (rss - idle.rss) / calls / 1024
  }
  return measured
}, Effect.scoped)
