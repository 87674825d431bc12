import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schema } from "effect"

class UnknownBench extends Schema.TaggedError<UnknownBench>()("UnknownBench", { name: Schema.String }) {
  override get message() {
    return `There is no bench "${this.name}". Try: npm run bench -- media --calls 300 --seconds 10`
  }
}

const benches: Readonly<Record<string, () => Promise<unknown>>> = {
  media: () => import("./media.ts")
}

const name = process.argv[2] ?? ""
const bench = benches[name]
NodeRuntime.runMain(bench === undefined ? Effect.fail(new UnknownBench({ name })) : Effect.promise(bench))
