import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { carrierNamed } from "../carriers.ts"
import { serveMedia } from "../mediaServer.ts"
import { report } from "../protocol.ts"
import { kindNamed } from "./kinds.ts"
import { ownArguments } from "./protocol.ts"

/** Switchboard's media path with an agent behind it, as a process of its own. The agent is told the carrier's id of the call in the path. */
const serve = Effect.gen(function* () {
  const { agentUrl, format, kind, provider } = ownArguments()
  const { spec } = yield* carrierNamed(provider)
  const { settings, spec: agent } = yield* kindNamed(kind)
  const served = {
    spec: agent,
    settings: (providerCallId: string) => settings(`${agentUrl}/${encodeURIComponent(providerCallId)}`, format)
  }
  report(yield* serveMedia(spec, served))
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(serve))
