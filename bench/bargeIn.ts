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
    rounds: { type: "string", default: "10" },
    jitter: { type: "string", default: "0" }
  }
})

const Options = Schema.Struct({
  provider: Schema.String,
  rounds: Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 1000 })),
  jitter: Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: 500 }))
})

/** A carrier, or some of them, could not be measured. */
class NotMeasured extends Schema.TaggedError<NotMeasured>()("NotMeasured", {
  carriers: Schema.Array(Schema.String)
}) {
  override get message() {
    return `Not measured:\n${this.carriers.join("\n")}`
  }
}

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
  const { jitter, provider, rounds } = yield* Schema.decodeUnknownEffect(Options)(values)
  const chosen = yield* simulatorsOf(provider)
  yield* say(machine())
  yield* say(
    `${rounds} interruption(s) of a talking agent in one call of each carrier, the phone's own jitter buffer ${jitter} ms; "most" is over all of them\n`
  )
  yield* say(
    "| provider | clear to silence | most | clear to carrier | heard after it, most | audio sent after it, most | ahead, most |"
  )
  yield* say("| --- | --- | --- | --- | --- | --- | --- |")
  const failing: Array<string> = []
  for (const carrier of chosen) {
    const kinds: ReadonlyArray<{ readonly name: string; readonly clears: boolean }> = [
      { name: carrier.name, clears: true },
      ...(carrier.simulator.mayNotClear === true ? [{ name: `${carrier.name}, clear ignored`, clears: false }] : [])
    ]
    for (const { clears, name } of kinds) {
      yield* interruptions(carrier, rounds, { jitterMs: jitter, clears }).pipe(
        Effect.flatMap((found) => say(row(name, found))),
        Effect.catch((error) => Effect.sync(() => void failing.push(`${name}: ${error.message}`)))
      )
    }
  }
  if (failing.length > 0) return yield* new NotMeasured({ carriers: failing })
}).pipe(
  Effect.provide(
    Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer, Layer.provideMerge(providers, Registry.layer))
  )
)

NodeRuntime.runMain(tell(main), { disableErrorReporting: true })
