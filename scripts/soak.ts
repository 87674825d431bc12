import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import { layer as providers } from "../src/providers/all.ts"
import { Registry } from "../src/Registry.ts"
import { simulatorsOf } from "./simulate/checks.ts"
import { soak, type Soaked } from "./soak/soaking.ts"
import { tell } from "./tell.ts"

// Many short calls through a provider's fake carrier into a service of its own, and then the question whether anything is left
// of them: media sessions, sockets, timers, memory. The exit code is 1 when something is.

class Leaking extends Schema.TaggedError<Leaking>()("Leaking", { providers: Schema.Array(Schema.String) }) {
  override get message() {
    return `Calls left something behind, or did not get through: ${this.providers.join(", ")}.`
  }
}

const flags = {
  provider: Flag.String("provider").pipe(
    Flag.withDescription("The carrier to imitate, by its registry name; all (the default): one after another"),
    Flag.withDefault("all")
  ),
  calls: Flag.Int("calls").pipe(
    Flag.withDescription("How many calls each of them brings; 500 by default"),
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))),
    Flag.withDefault(500)
  )
}

/** A carrier of whose calls more than a tenth did not get through was not soaked. */
const isSoaked = ({ calls, failed }: Soaked) => failed.length * 10 <= calls

const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)

const line = (name: string, { after, before, calls, failed, leaks, seconds }: Soaked) =>
  [
    `${name.padEnd(12)} ${calls} calls in ${seconds.toFixed(1)} s`,
    `sessions ${before.sessions} -> ${after.sessions}`,
    `sockets ${before.sockets} -> ${after.sockets}`,
    `timers ${before.timers} -> ${after.timers}`,
    `heap ${megabytes(before.heap)} -> ${megabytes(after.heap)} MB`,
    leaks ? "LEAK" : "ok",
    ...(failed[0] === undefined ? [] : [`${failed.length} did not get through (${failed[0]})`])
  ].join(" · ")

const command = Command.make(
  "soak",
  flags,
  Effect.fnUntraced(function* ({ calls, provider }) {
    const failing: Array<string> = []
    for (const carrier of yield* simulatorsOf(provider)) {
      const { name } = carrier
      yield* soak(carrier, calls).pipe(
        Effect.flatMap((soaked) => {
          if (soaked.leaks || !isSoaked(soaked)) failing.push(name)
          return Console.log(line(name, soaked))
        }),
        Effect.catch((error) => {
          failing.push(name)
          return Console.log(`${name.padEnd(12)} FAILED: ${error.message}`)
        })
      )
    }
    if (failing.length > 0) return yield* new Leaking({ providers: failing })
  })
).pipe(
  Command.withDescription("Many short simulated calls, and whether the service holds anything of them afterwards"),
  Command.withExamples([
    { command: "npm run soak -- --provider twilio --calls 100", description: "A short look at one carrier" },
    { command: "npm run soak", description: "500 calls of every carrier, one carrier after another" }
  ])
)

const main = Command.run(command, { version: "1" }).pipe(
  Effect.provide(
    Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer, Layer.provideMerge(providers, Registry.layer))
  ),
  tell
)

NodeRuntime.runMain(main, { disableErrorReporting: true })
