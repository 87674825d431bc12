import { parseArgs } from "node:util"
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { carriersNamed } from "./carriers.ts"
import { type Measured, measure } from "./measure.ts"
import { compared, described, machine, median } from "./words.ts"

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    provider: { type: "string" },
    calls: { type: "string", default: "300" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "1" }
  }
})
const calls = Number(values.calls)
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
/** The carrier whose messages the hand-written loop knows, and that the others are compared with. */
const baselineProvider = "twilio"

const rank = (name: string) => (name === baselineProvider ? 0 : 1)

const say = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

/** Switchboard and the hand-written loop in turn, under the same callers. */
const againstBaseline = Effect.gen(function* () {
  const load = { provider: baselineProvider, calls, seconds }
  const ratios: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    const ours = yield* measure({ ...load, server: "./server.ts" })
    yield* say(described("switchboard", ours))
    const baseline = yield* measure({ ...load, server: "./baseline.ts" })
    yield* say(described("baseline", baseline))
    ratios.push(ours.microsPerFrame / baseline.microsPerFrame)
  }
  yield* say(`ratio of CPU per frame, switchboard to baseline: ${median(ratios).toFixed(2)}`)
})

/** Switchboard under the callers of one carrier after another, every carrier once a round. */
const carrierByCarrier = Effect.fnUntraced(function* (chosen: ReadonlyArray<string>) {
  const measured = new Map<string, Array<Measured>>(chosen.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [provider, results] of measured) {
      const result = yield* measure({ server: "./server.ts", provider, calls, seconds })
      yield* say(described(provider, result))
      results.push(result)
    }
  }
  if (chosen.length > 1) yield* say(`\n${compared(measured).join("\n")}`)
})

const main = Effect.gen(function* () {
  const chosen = values.provider === undefined ? undefined : yield* carriersNamed(values.provider)
  yield* say(machine())
  yield* say(
    `${calls} calls of 50 frames/s each way, ${seconds} s, ${rounds} round(s); a frame is one in and one out, 20 ms`
  )
  if (chosen === undefined) yield* againstBaseline
  else {
    const names = chosen.map(({ spec }) => spec.name)
    yield* carrierByCarrier(names.sort((one, other) => rank(one) - rank(other)))
  }
})

NodeRuntime.runMain(main)
