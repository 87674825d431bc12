import { createServer } from "node:http"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { AgentEnvironment } from "../src/agents/AgentEnvironment.ts"
import type { AgentCall, CallLine } from "../src/agents/AgentSpec.ts"
import { AgentUnreachable } from "../src/agents/AgentSpec.ts"
import { spec as echo } from "../src/agents/echo.ts"
import { transport as openCarrier } from "../src/providers/twilio/transport.ts"
import { Pacer } from "../src/transport/pacer.ts"
import { acceptor } from "../src/transport/webSocket.ts"
import { report } from "./protocol.ts"

const agentCall: AgentCall = {
  id: "bench",
  organizationId: "bench",
  direction: "inbound",
  from: "+15005550006",
  to: "+15005550001",
  provider: "twilio",
  telephonyConfigurationId: "bench",
  context: {}
}
const line: CallLine = { record: () => Effect.void, transfer: () => Effect.undefined }
const nowhere = Layer.succeed(AgentEnvironment, {
  guard: () => Effect.fail(new AgentUnreachable({ reason: "refused-address", message: "No agent is reached here." }))
})

/** The media path of Switchboard alone: an accepted socket, the carrier's transport, the echo agent. No database. */
const serve = Effect.gen(function* () {
  const { accept } = acceptor()
  const run = yield* FiberSet.makeRuntime<Pacer | AgentEnvironment>()
  const server = createServer()
  server.on("upgrade", (request, raw, head) => {
    const call = Effect.gen(function* () {
      const socket = yield* accept(request, raw, head)
      const media = { callId: "bench", providerCallId: undefined, accountId: undefined }
      const transport = yield* openCarrier(socket, media)
      const leg = yield* echo.connect(agentCall, Redacted.make({}))
      yield* leg.run(transport, line)
    })
    run(Effect.ignore(Effect.scoped(call)))
  })
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    if (address !== null && typeof address !== "string") report(address.port)
  })
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(serve).pipe(Effect.provide(Layer.merge(Pacer.layer, nowhere))))
