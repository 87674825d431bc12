import { parseArgs } from "node:util"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { simulatorsOf } from "../scripts/simulate/checks.ts"
import { tell } from "../scripts/tell.ts"
import { layer as providers } from "../src/providers/all.ts"
import { Registry } from "../src/Registry.ts"
import { type Interruption, interruptions } from "./bargeIn/interrupting.ts"
import { machine, median } from "./words.ts"

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    provider: { type: "string", default: "all" },
    rounds: { type: "string", default: "10" }
  }
})

const Options = Schema.Struct({
  provider: Schema.String,
  rounds: Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 1000 }))
})

const say = (text: string) => Effect.sync(() => void process.stdout.write(`${text}\n`))

const row = (name: string, found: ReadonlyArray<Interruption>) => {
  const middle = (read: (interruption: Interruption) => number) => `${median(found.map(read)).toFixed(1)} ms`
  const most = (read: (interruption: Interruption) => number) => Math.max(...found.map(read))
  return [
    `| ${name}`,
    middle(({ toSilence }) => toSilence),
    `${most(({ toSilence }) => toSilence).toFixed(1)} ms`,
    middle(({ toCarrier }) => toCarrier),
    `${most(({ heardAfter }) => heardAfter).toFixed(1)} ms`,
    String(most(({ audioAfter }) => audioAfter)),
    `${most(({ ahead }) => ahead).toFixed(0)} ms |`
  ].join(" | ")
}

const main = Effect.gen(function* () {
  const { provider, rounds } = yield* Schema.decodeUnknownEffect(Options)(values)
  const chosen = yield* simulatorsOf(provider)
  yield* say(machine())
  yield* say(
    `${rounds} interruption(s) of a talking agent in one call of each carrier; "max" and "most" are over all of them\n`
  )
  yield* say(
    "| provider | clear to silence | max | clear to carrier | heard after it, most | audio sent after it, most | ahead, most |"
  )
  yield* say("| --- | --- | --- | --- | --- | --- | --- |")
  const failing: Array<string> = []
  for (const carrier of chosen) {
    yield* interruptions(carrier, rounds).pipe(
      Effect.flatMap((found) => say(row(carrier.name, found))),
      Effect.catch((error) => Effect.sync(() => void failing.push(`${carrier.name}: ${error.message}`)))
    )
  }
  if (failing.length > 0) yield* say(`\nnot measured:\n${failing.join("\n")}`)
}).pipe(
  Effect.provide(
    Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer, Layer.provideMerge(providers, Registry.layer))
  )
)

NodeRuntime.runMain(tell(main), { disableErrorReporting: true })
