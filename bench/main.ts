import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import { tell } from "../scripts/tell.ts"

class UnknownBench extends Schema.TaggedError<UnknownBench>()("UnknownBench", { name: Schema.String }) {
  override get message() {
    return [
      this.name === "" ? "Say which bench:" : `There is no bench "${this.name}". There is:`,
      ...Array.from(
        benches,
        ([name, { does, example }]) => `  ${name.padEnd(9)} ${does}\n            npm run bench -- ${example}`
      )
    ].join("\n")
  }
}

interface Bench {
  readonly does: string
  readonly example: string
  readonly run: () => Promise<unknown>
}

const benches: ReadonlyMap<string, Bench> = new Map([
  [
    "media",
    {
      does: "the media path against a hand-written loop, or carrier by carrier with --provider",
      example: "media --calls 300 --seconds 10 [--rounds R] [--provider all|<name>]",
      run: () => import("./media.ts")
    }
  ],
  [
    "agents",
    {
      does: "what Switchboard adds between a carrier and an agent, against a hand-written proxy",
      example: "agents [--kind all|<name>] [--calls N] [--seconds S] [--rounds R] [--encoding pcm_s16le --rate 16000]",
      run: () => import("./agents.ts")
    }
  ],
  [
    "barge-in",
    {
      does: "how long an interrupted agent is still heard on the phone, carrier by carrier",
      example: "barge-in [--provider all|<name>] [--rounds R] [--jitter MS]",
      run: () => import("./bargeIn.ts")
    }
  ]
])

const name = process.argv[2] ?? ""
const bench = benches.get(name)
const main = bench === undefined ? Effect.fail(new UnknownBench({ name })) : Effect.promise(bench.run)
NodeRuntime.runMain(tell(main), { disableErrorReporting: true })
