import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import { printed } from "./doctor/printed.ts"
import { readServiceUrl } from "./simulate/checks.ts"
import { makeServiceApi } from "./simulate/ServiceApi.ts"
import { tell } from "./tell.ts"

// Asks a running service why calls of a configuration fail. Changes nothing there.

/** Something is broken: the exit code is 1. */
class SomethingFailed extends Schema.TaggedError<SomethingFailed>()("SomethingFailed", { count: Schema.Int }) {
  override get message() {
    return this.count === 1
      ? "One check FAILED: follow its arrow."
      : `${this.count} checks FAILED: follow their arrows, from the top.`
  }
}

const flags = {
  service: Flag.String("service").pipe(
    Flag.withDescription("The address of the running service, such as http://127.0.0.1:8080")
  ),
  apiKey: Flag.Redacted("api-key").pipe(
    Flag.withDescription("An API key of it, with the role operator or admin (sb_...)")
  ),
  configuration: Flag.String("configuration").pipe(
    Flag.withDescription("The id of one telephony configuration; all of the organization when it is left out"),
    Flag.optional
  )
}

const command = Command.make(
  "doctor",
  flags,
  Effect.fnUntraced(function* (input) {
    const api = yield* makeServiceApi(yield* readServiceUrl(input.service), input.apiKey)
    const chosen = yield* Option.match(input.configuration, {
      onNone: () => api.listConfigurations,
      onSome: (id) => Effect.map(api.findConfiguration(id), (configuration) => [configuration])
    })
    if (chosen.length === 0) {
      yield* Console.log(
        "There is no telephony configuration yet. Make one: POST /api/v1/organizations/telephony-configs."
      )
    }
    let failures = 0
    for (const configuration of chosen) {
      const report = yield* api.examine(configuration.id)
      yield* Console.log(`${printed(configuration, report)}\n`)
      failures += report.checks.filter(({ status }) => status === "failed").length
    }
    if (failures > 0) return yield* new SomethingFailed({ count: failures })
    if (chosen.length > 0) yield* Console.log("Nothing failed.")
  })
).pipe(
  Command.withDescription("Find out why calls of a telephony configuration fail"),
  Command.withExamples([
    {
      command: "npm run doctor -- --service http://127.0.0.1:8080 --api-key KEY",
      description: "Every configuration of the key's organization"
    },
    {
      command: "npm run doctor -- --service http://127.0.0.1:8080 --api-key KEY --configuration ID",
      description: "One of them"
    }
  ])
)

const main = Command.run(command, { version: "1" }).pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)),
  tell
)

NodeRuntime.runMain(main, { disableErrorReporting: true })
