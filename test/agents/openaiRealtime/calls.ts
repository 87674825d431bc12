import { Effect, Exit, Fiber, Queue, Redacted, Scope } from "effect"
import { AgentEnvironment } from "../../../src/agents/AgentEnvironment.ts"
import type { AgentCall } from "../../../src/agents/AgentSpec.ts"
import { realtimeAgent } from "../../../src/agents/openaiRealtime/agent.ts"
import { type Limits, standardLimits } from "../../../src/agents/openaiRealtime/limits.ts"
import { makeMemory, type Memory } from "../../../src/agents/openaiRealtime/memory.ts"
import type { FormValues } from "../../../src/Form.ts"
import type { Transport } from "../../../src/Transport.ts"
import { fakeTransport } from "../support/fakeTransport.ts"
import { loopbackEnvironment, memoryLine, type Refusals, someCall } from "../support/legs.ts"
import type { RealtimeServer } from "./fakeServer.ts"

export const apiKey = "sk-test-0123456789abcdefghij"

export interface ConnectOptions {
  readonly limits?: Partial<Limits>
  readonly settings?: FormValues
  readonly call?: Partial<AgentCall>
  readonly memory?: Memory
  readonly environment?: AgentEnvironment["Service"]
  /** Without a key. */
  readonly isKeyless?: boolean
}

/** Connects the kind of agent under test to a server, in the scope. */
export const connect = (
  url: string,
  {
    call,
    environment = loopbackEnvironment,
    isKeyless = false,
    limits,
    memory = makeMemory(),
    settings
  }: ConnectOptions = {}
) =>
  realtimeAgent({ ...standardLimits, ...limits }, memory)
    .connect(
      { ...someCall, ...call },
      Redacted.make({ url, model: "gpt-realtime-2.1", ...(isKeyless ? {} : { api_key: apiKey }), ...settings })
    )
    .pipe(Effect.provideService(AgentEnvironment, environment))

/** A call in progress over any transport; `isHeard` tells whether somebody listens to it. */
export const startOn = Effect.fnUntraced(function* (
  server: RealtimeServer,
  transport: Transport,
  options: ConnectOptions & { readonly refusals?: Refusals } = {}
) {
  const { digits, events, line, transfers } = memoryLine(options.refusals)
  const scope = yield* Scope.fork(yield* Effect.scope)
  const leg = yield* connect(server.url, options).pipe(Effect.provideService(Scope.Scope, scope))
  const visit = yield* Queue.take(server.visits)
  const settings = yield* visit.nextOf("session.update")
  const running = yield* Effect.forkScoped(leg.run(transport, line), { startImmediately: true })
  const audio = yield* visit.nextOf("session.update")
  return {
    events,
    transfers,
    digits,
    visit,
    leg,
    running,
    settings: settings.session,
    audio: audio.session,
    end: Fiber.join(running),
    failure: Effect.flip(Fiber.join(running)),
    close: Scope.close(scope, Exit.void)
  }
})

/** A call in progress over a transport in memory. */
export const startCall = Effect.fnUntraced(function* (
  server: RealtimeServer,
  options: Parameters<typeof startOn>[2] & { readonly media?: Parameters<typeof fakeTransport>[0] } = {}
) {
  const media = yield* fakeTransport(options.media)
  return { media, ...(yield* startOn(server, media.transport, options)) }
})
