import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { carrierNamed } from "./carriers.ts"
import { serveMedia } from "./mediaServer.ts"
import { report } from "./protocol.ts"

/** The server under test, as a process of its own; its argument is the provider's name. */
const serve = Effect.gen(function* () {
  const { spec } = yield* carrierNamed(process.argv[2] ?? "")
  report(yield* serveMedia(spec))
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(serve))
