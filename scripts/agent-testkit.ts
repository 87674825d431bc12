import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asJson, printed } from "./agent-testkit/printed.ts"
import { count } from "./agent-testkit/rules.ts"
import { settingsFrom, testAgent } from "./agent-testkit/testkit.ts"
import { tell } from "./tell.ts"

// Plays Switchboard against an agent of kind "websocket" and says which rules of docs/agent-protocol.md it breaks.

/** The exit code is 1. */
class RulesBroken extends Schema.TaggedError<RulesBroken>()("RulesBroken", { count: Schema.Int }) {
  override get message() {
    return this.count === 1
      ? "One rule is BROKEN: see docs/agent-protocol.md."
      : `${this.count} rules are BROKEN: see docs/agent-protocol.md.`
  }
}

const command = Command.make(
  "agent-testkit",
  {
    url: Argument.String("url").pipe(Argument.withDescription("Where the agent listens, such as ws://127.0.0.1:9000")),
    secret: Flag.Redacted("secret").pipe(
      Flag.withDescription("The agent's secret, of at least 16 characters; needed unless it runs on this machine"),
      Flag.optional
    ),
    encoding: Flag.Literals("encoding", ["pcm_s16le", "mulaw"]).pipe(
      Flag.withDescription("The audio to propose: pcm_s16le, at 16 kHz (the default), or mulaw"),
      Flag.withDefault("pcm_s16le")
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Write the report as JSON"), Flag.withDefault(false))
  },
  Effect.fnUntraced(function* ({ encoding, json, secret, url }) {
    const report = yield* testAgent(settingsFrom(url, encoding, Option.getOrUndefined(secret)))
    yield* Console.log(json ? asJson(report) : printed(report))
    const broken = count(report, "fail")
    if (broken > 0) return yield* new RulesBroken({ count: broken })
  })
).pipe(
  Command.withDescription("Find out whether an agent keeps the rules of the agent protocol"),
  Command.withExamples([
    { command: "npm run agent-testkit -- ws://127.0.0.1:9000", description: "An agent on this machine" },
    {
      command: "npm run agent-testkit -- wss://agent.example.com/calls --secret SECRET --json",
      description: "One elsewhere, with a report for a program"
    }
  ])
)

const main = Command.run(command, { version: "1" }).pipe(Effect.provide(NodeServices.layer), tell)

NodeRuntime.runMain(main, { disableErrorReporting: true })
