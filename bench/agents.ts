import { parseArgs } from "node:util"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import { tell } from "../scripts/tell.ts"
import { AudioFormat } from "../src/Audio.ts"
import type { MeasuredKind } from "./agents/kind.ts"
import { kindsNamed } from "./agents/kinds.ts"
import { type Measured, measure } from "./agents/measure.ts"
import { described, table } from "./agents/words.ts"
import { machine } from "./words.ts"

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    kind: { type: "string", default: "all" },
    calls: { type: "string", default: "100" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    encoding: { type: "string", default: "mulaw" },
    rate: { type: "string" }
  }
})

const between = (minimum: number, maximum: number) =>
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }))

/** A frame's number comes again after 80 s, so no window is as long as that. */
const Options = Schema.Struct({
  kind: Schema.String,
  calls: between(1, 2000),
  seconds: between(1, 60),
  rounds: between(1, 100)
})

/** The carrier whose messages the hand-written proxy knows. */
const provider = "twilio"

const say = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

const main = Effect.gen(function* () {
  const { calls, kind: name, rounds, seconds } = yield* Schema.decodeUnknownEffect(Options)(values)
  const { encoding } = values
  const sampleRate = Number(values.rate ?? (encoding === "mulaw" ? 8000 : 16000))
  const format = yield* Schema.decodeUnknownEffect(AudioFormat)({ encoding, sampleRate })
  const chosen = yield* kindsNamed(name, format)
  yield* say(machine())
  yield* say(
    `${calls} calls of 50 frames/s each way, ${seconds} s, ${rounds} round(s); a frame is one to the agent and one from it, 20 ms`
  )
  const inTurn = Effect.fnUntraced(function* ({ spec }: MeasuredKind) {
    const measurement = { kind: spec.name, format, provider, calls, seconds }
    const ours: Array<Measured> = []
    const proxy: Array<Measured> = []
    for (let round = 0; round < rounds; round++) {
      const switchboard = yield* measure({ ...measurement, server: "./server.ts" })
      yield* say(described(spec.name, switchboard))
      const byHand = yield* measure({ ...measurement, server: "./proxy.ts" })
      yield* say(described("by hand", byHand))
      ours.push(switchboard)
      proxy.push(byHand)
    }
    return { kind: spec.name, format, ours, proxy }
  })
  const compared = yield* Effect.forEach(chosen, inTurn)
  yield* say(`\n${table(compared).join("\n")}`)
})

NodeRuntime.runMain(tell(main), { disableErrorReporting: true })
