import { type ChildProcess, fork } from "node:child_process"
import { cpus, loadavg } from "node:os"
import { parseArgs } from "node:util"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import { Cpu, LoadResult, Memory, Ready } from "./protocol.ts"

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: "string", default: "300" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "1" }
  }
})
const calls = Number(values.calls)
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)

/** What `npm start` gives to Node: a small young generation keeps memory and pauses low, and both servers run with it. */
const productionFlags = ["--max-semi-space-size=8"]

/** Seconds of few calls before anything is measured, so that the code is compiled and the heap has its shape. */
const warmUpSeconds = 2
const warmUpCalls = 20
/** Seconds for the calls to settle before the measured window. */
const settleSeconds = 2

const say = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

/** A process of its own, ended with the scope. */
const child = (file: string) =>
  Effect.acquireRelease(
    Effect.sync(() => fork(new URL(file, import.meta.url), { execArgv: ["--expose-gc", ...productionFlags] })),
    (process) => Effect.sync(() => process.kill())
  )

/** The next message of a process; what is to provoke it is sent first. */
const next = <A>(process: ChildProcess, schema: Schema.Codec<A>, order?: string | object) =>
  Effect.callback<unknown>((resume) => {
    process.once("message", (message) => resume(Effect.succeed(message)))
    process.once("exit", (code) => resume(Effect.die(new Error(`the process ended with ${code}`))))
    if (order !== undefined) process.send(order)
  }).pipe(Effect.flatMap(Schema.decodeUnknownEffect(schema)))

interface Measured {
  readonly microsPerFrame: number
  readonly userMicrosPerFrame: number
  readonly load: LoadResult
  readonly kilobytesPerCall: number
}

/** One server under one load: some calls to warm up, then the measured ones. */
const measure = Effect.fnUntraced(function* (file: string) {
  const server = yield* child(file)
  const { port } = yield* next(server, Ready)
  const cpu = next(server, Cpu, "cpu")
  const memory = next(server, Memory, "memory")
  yield* Effect.scoped(
    Effect.gen(function* () {
      const load = yield* child("./load.ts")
      yield* next(load, Schema.Literal("started"), { port, calls: Math.min(calls, warmUpCalls) })
      yield* Effect.sleep(warmUpSeconds * 1000)
    })
  )
  yield* Effect.sleep("500 millis")
  const idle = yield* memory
  const load = yield* child("./load.ts")
  yield* next(load, Schema.Literal("started"), { port, calls })
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

const describe = (name: string, { load, ...measured }: Measured) =>
  say(
    [
      `${name.padEnd(12)} ${measured.microsPerFrame.toFixed(1)} µs of CPU per frame (${measured.userMicrosPerFrame.toFixed(1)} of it user)`,
      `round trip p50 ${load.p50.toFixed(2)} ms, p99 ${load.p99.toFixed(2)} ms, max ${load.max.toFixed(1)} ms`,
      `${measured.kilobytesPerCall.toFixed(1)} KB per call`,
      `${load.echoed} frames, ${load.lost} not yet back`
    ].join(" · ")
  )

const median = (numbers: ReadonlyArray<number>) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const main = Effect.gen(function* () {
  const [cpu] = cpus()
  yield* say(
    `${cpu?.model ?? "unknown CPU"}, ${cpus().length} cores, Node ${process.version}, load average ${loadavg()[0]?.toFixed(1)} before`
  )
  yield* say(`${calls} calls of 50 frames/s each way, ${seconds} s, ${rounds} round(s); a frame is one in and one out`)
  const ratios: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    const ours = yield* measure("./server.ts")
    yield* describe("switchboard", ours)
    const baseline = yield* measure("./baseline.ts")
    yield* describe("baseline", baseline)
    ratios.push(ours.microsPerFrame / baseline.microsPerFrame)
  }
  yield* say(`ratio of CPU per frame, switchboard to baseline: ${median(ratios).toFixed(2)}`)
})

NodeRuntime.runMain(main)
