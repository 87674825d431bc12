import { Effect, Exit, Fiber, Queue, Redacted, Scope } from "effect"
import { AgentEnvironment } from "../../../../src/agents/AgentEnvironment.ts"
import type { AgentCall } from "../../../../src/agents/AgentSpec.ts"
import { twilioStreamAgent } from "../../../../src/agents/twilioStream/agent.ts"
import { type Limits, standardLimits } from "../../../../src/agents/twilioStream/limits.ts"
import type { FormValues } from "../../../../src/Form.ts"
import { fakeTransport } from "../../support/fakeTransport.ts"
import { loopbackEnvironment, memoryLine, someCall, until } from "../../support/legs.ts"
import type { BotServer } from "./botServer.ts"

/** As long as Twilio's own auth tokens. */
export const token = "0123456789abcdef0123456789abcdef"

export const streamedCall: AgentCall = { ...someCall, organizationId: "0198c0de-0000-7000-8000-00000000000a" }

/** Connects the kind of agent under test to a URL, in the scope. */
export const connect = (
  url: string,
  limits: Partial<Limits> = {},
  settings: FormValues = { secret: token },
  call: AgentCall = streamedCall
) =>
  twilioStreamAgent({ ...standardLimits, ...limits })
    .connect(call, Redacted.make({ url, ...settings }))
    .pipe(Effect.provideService(AgentEnvironment, loopbackEnvironment))

export interface CallOptions {
  readonly limits?: Partial<Limits>
  readonly settings?: FormValues
  readonly media?: Parameters<typeof fakeTransport>[0]
  readonly call?: AgentCall
}

/** A call in progress with the bot: it got `start`, the audio flows. The call's scope is closed with the test's. */
export const startCall = Effect.fnUntraced(function* (server: BotServer, options: CallOptions = {}) {
  const media = yield* fakeTransport(options.media)
  const { events, line } = memoryLine()
  const scope = yield* Scope.fork(yield* Effect.scope)
  const leg = yield* connect(server.url, options.limits, options.settings, options.call).pipe(
    Effect.provideService(Scope.Scope, scope)
  )
  const stream = yield* Queue.take(server.streams)
  const start = yield* stream.next("start")
  const { streamSid } = start
  const running = yield* Effect.forkScoped(leg.run(media.transport, line))
  yield* until(media.isHeard)
  return {
    media,
    events,
    stream,
    start,
    leg,
    running,
    end: Fiber.join(running),
    failure: Effect.flip(Fiber.join(running)),
    close: Scope.close(scope, Exit.void),
    speak: (audio: Uint8Array) =>
      stream.say({ event: "media", streamSid, media: { payload: Buffer.from(audio).toString("base64") } }),
    mark: (name: string) => stream.say({ event: "mark", streamSid, mark: { name } }),
    clear: stream.say({ event: "clear", streamSid })
  }
})
