import { Effect, Exit, Fiber, Queue, Redacted, Scope } from "effect"
import { AgentEnvironment, addressGuard, type GuardOptions, httpGuard } from "../../../src/agents/AgentEnvironment.ts"
import type {
  AgentCall,
  CallLine,
  DigitsNotSent,
  RecordingAction,
  RecordingNotDone,
  TransferWish
} from "../../../src/agents/AgentSpec.ts"
import { webSocketAgent } from "../../../src/agents/websocket/agent.ts"
import { type Limits, standardLimits } from "../../../src/agents/websocket/limits.ts"
import type { FormValues } from "../../../src/Form.ts"
import type { AgentServer } from "./agentServer.ts"
import { fakeTransport } from "./fakeTransport.ts"

export const someCall: AgentCall = {
  id: "0198c0de-0000-7000-8000-000000000001",
  organizationId: "org",
  direction: "inbound",
  from: "+31201234567",
  to: "+14155550100",
  provider: "carrier",
  telephonyConfigurationId: "0198c0de-0000-7000-8000-000000000002",
  resumeToken: Redacted.make("9q0Yx1rS2tU3vW4xY5zA6g"),
  attempt: 0,
  context: { customer: "c-42", vip: true }
}

/** Lets agents on this machine's loopback be reached, as a service on loopback does. */
const onLoopback: GuardOptions = {
  privateHosts: [],
  publicUrl: "http://127.0.0.1:8080",
  resolve: () => Effect.succeed([{ address: "127.0.0.1", family: 4 }])
}
export const loopbackEnvironment = AgentEnvironment.of({
  guard: addressGuard(onLoopback),
  guardHttp: httpGuard(onLoopback)
})

export const secret = "a-secret-of-some-length"

/** What a line of the tests refuses, and why. */
export interface Refusals {
  readonly transfer?: string
  readonly digits?: DigitsNotSent
  readonly recording?: RecordingNotDone
}

/** A call's event log in memory; what is asked for is kept, and refused where a reason is given. */
export const memoryLine = (refusals: Refusals = {}) => {
  const events: Array<{ readonly kind: string; readonly details: FormValues }> = []
  const transfers: Array<TransferWish> = []
  const digits: Array<string> = []
  const recordings: Array<RecordingAction> = []
  const line: CallLine = {
    record: (kind, details) => Effect.sync(() => void events.push({ kind, details })),
    transfer: (wish) =>
      Effect.sync(() => {
        transfers.push(wish)
        return refusals.transfer === undefined ? undefined : { reason: refusals.transfer, message: "not now" }
      }),
    press: (pressed) =>
      Effect.sync(() => {
        if (refusals.digits === undefined) digits.push(pressed)
        return refusals.digits
      }),
    recording: (action) =>
      Effect.sync(() => {
        if (refusals.recording === undefined) recordings.push(action)
        return refusals.recording
      })
  }
  return { events, transfers, digits, recordings, line }
}

/** Connects the kind of agent under test to a URL, in the scope, for the `attempt`th time after the first. */
export const connect = (url: string, limits: Partial<Limits> = {}, settings: FormValues = {}, attempt = 0) =>
  webSocketAgent({ ...standardLimits, ...limits })
    .connect({ ...someCall, attempt }, Redacted.make({ url, secret, ...settings }))
    .pipe(Effect.provideService(AgentEnvironment, loopbackEnvironment))

/** A call in progress: the agent took it, the audio flows. The call's scope is closed with the test's. */
export const startCall = Effect.fnUntraced(function* (
  server: AgentServer,
  options: {
    readonly limits?: Partial<Limits>
    readonly settings?: FormValues
    readonly accept?: unknown
    /** Audio that the agent sends in the same breath as its acceptance. */
    readonly eager?: Uint8Array
    readonly media?: Parameters<typeof fakeTransport>[0]
    readonly refusals?: Refusals
    readonly attempt?: number
  } = {}
) {
  const media = yield* fakeTransport(options.media)
  const { digits, events, line, recordings, transfers } = memoryLine(options.refusals)
  const scope = yield* Scope.fork(yield* Effect.scope)
  const connecting = yield* connect(server.url, options.limits, options.settings, options.attempt).pipe(
    Effect.provideService(Scope.Scope, scope),
    Effect.forkScoped
  )
  const visit = yield* Queue.take(server.visits)
  const start = yield* visit.nextOf("call.start")
  yield* visit.say(options.accept ?? { type: "call.accept" })
  if (options.eager !== undefined) yield* visit.speak(options.eager)
  const leg = yield* Fiber.join(connecting)
  const running = yield* Effect.forkScoped(leg.run(media.transport, line))
  yield* until(media.isHeard)
  return {
    media,
    events,
    transfers,
    digits,
    recordings,
    visit,
    start,
    leg,
    running,
    end: Fiber.join(running),
    failure: Effect.flip(Fiber.join(running)),
    close: Scope.close(scope, Exit.void)
  }
})

/** Waits until something holds, whatever clock the test has. The test's own time limit ends it where it never does. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (holds()) return resume(Effect.void)
    const looking = setInterval(() => {
      if (holds()) resume(Effect.sync(() => clearInterval(looking)))
    }, 5)
    return Effect.sync(() => clearInterval(looking))
  })
