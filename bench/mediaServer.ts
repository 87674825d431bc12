import { createServer } from "node:http"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { AgentEnvironment, addressGuard, httpGuard } from "../src/agents/AgentEnvironment.ts"
import type { AgentCall, AgentSpec, CallLine } from "../src/agents/AgentSpec.ts"
import { spec as echo } from "../src/agents/echo.ts"
import type { FormValues } from "../src/Form.ts"
import { systemResolver } from "../src/network/hostGuard.ts"
import type { ProviderSpec } from "../src/ProviderSpec.ts"
import { Pacer } from "../src/transport/pacer.ts"
import { acceptor } from "../src/transport/webSocket.ts"

const callId = "00000000-0000-4000-8000-0000000be7c4"
const line: CallLine = {
  record: () => Effect.void,
  transfer: () => Effect.undefined,
  press: () => Effect.undefined,
  recording: () => Effect.undefined
}
const loopback = { privateHosts: [], publicUrl: "http://127.0.0.1", resolve: systemResolver }
/** Agents on this machine are reached, as where the service's own address is loopback. */
const environment = Layer.succeed(AgentEnvironment, { guard: addressGuard(loopback), guardHttp: httpGuard(loopback) })

/** Who answers the calls. */
export interface ServedAgent {
  readonly spec: AgentSpec
  /** The stored settings of the agent for a call, by the carrier's id of it. */
  readonly settings: (providerCallId: string) => FormValues
}

const echoAgent: ServedAgent = { spec: echo, settings: () => ({}) }

/**
 * The media path of Switchboard alone: an accepted socket, the carrier's transport, the agent (the echo unless given). No
 * database. The path of a socket is the carrier's id of its call. Gives the loopback port; the calls live in the scope.
 */
export const serveMedia = Effect.fnUntraced(
  function* ({ name, transport: openCarrier }: ProviderSpec, agent: ServedAgent = echoAgent) {
    const { accept } = acceptor()
    const run = yield* FiberSet.makeRuntime<Pacer | AgentEnvironment>()
    const agentCall: AgentCall = {
      id: callId,
      organizationId: "bench",
      direction: "inbound",
      from: "+15005550006",
      to: "+15005550001",
      provider: name,
      telephonyConfigurationId: "bench",
      context: {},
      resumeToken: Redacted.make("bench"),
      attempt: 0
    }
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => createServer()),
      (open) => Effect.sync(() => open.close())
    )
    server.on("upgrade", (request, raw, head) => {
      const call = Effect.gen(function* () {
        const socket = yield* accept(request, raw, head)
        const providerCallId = decodeURIComponent((request.url ?? "").slice(1))
        const transport = yield* openCarrier(socket, { callId, providerCallId, accountId: undefined })
        const leg = yield* agent.spec.connect(agentCall, Redacted.make(agent.settings(providerCallId)))
        yield* leg.run(transport, line)
      })
      run(Effect.ignore(Effect.scoped(call)))
    })
    return yield* Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        if (address !== null && typeof address !== "string") resume(Effect.succeed(address.port))
      })
    })
  },
  (effect) =>
    Layer.build(Layer.merge(Pacer.layer, environment)).pipe(Effect.flatMap((made) => Effect.provide(effect, made)))
)
