import { randomBytes, randomUUID } from "node:crypto"
import { Clock, Effect, Redacted } from "effect"
import { WebSocket } from "ws"
import type { GuardedAddress } from "../../src/agents/AgentEnvironment.ts"
import type { AgentCall } from "../../src/agents/AgentSpec.ts"
import { open, sendJson, shut } from "../../src/agents/socket/connection.ts"
import { callStart, opening } from "../../src/agents/websocket/beginning.ts"
import { shakeHands } from "../../src/agents/websocket/handshake.ts"
import { type Limits, standardLimits } from "../../src/agents/websocket/limits.ts"
import type { AgentAudio, ToAgent } from "../../src/agents/websocket/messages.ts"
import { type Ear, listenIn } from "./listening.ts"

/** How long things may take, ms. Tests shorten them. */
export interface Timing {
  readonly limits: Limits
  /** For the answer to a ping. */
  readonly pongMs: number
  /** How long the caller speaks. */
  readonly talkMs: number
  /** How long an agent may stop reading. */
  readonly stallMs: number
  /** How long an agent is watched after something that it may not like. */
  readonly settleMs: number
}

export const standardTiming: Timing = {
  limits: standardLimits,
  pongMs: 10_000,
  talkMs: 4_000,
  stallMs: standardLimits.stallMs,
  settleMs: 400
}

/** The agent under test, and everything that was heard of it. */
export interface Target {
  readonly address: GuardedAddress
  readonly secret: Redacted.Redacted<string> | undefined
  /** What is proposed unless a check says otherwise. */
  readonly audio: AgentAudio
  readonly timing: Timing
  /** False once it is known not to. */
  readonly answersPings: boolean
  readonly ears: Array<Ear>
}

export const clock = Effect.map(Clock.Clock, (clock) => () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n))

/** A call of the test's own; `context.testkit` tells an agent that it is one. */
export const someCall = (): AgentCall => ({
  id: randomUUID(),
  organizationId: randomUUID(),
  direction: "inbound",
  from: "+442079460958",
  to: "+14155550123",
  provider: "testkit",
  telephonyConfigurationId: randomUUID(),
  context: { testkit: true },
  resumeToken: Redacted.make(randomBytes(16).toString("base64url")),
  attempt: 0
})

/** Opens a connection as Switchboard does, for as long as the scope is open, with this secret, and listens in. */
export const dialWith = Effect.fnUntraced(function* (target: Target, secret: Target["secret"]) {
  const socket = yield* open(target.address, opening(secret), target.timing.limits)
  const ear = listenIn(socket, yield* clock)
  target.ears.push(ear)
  return { socket, ear }
})

export const dial = (target: Target) => dialWith(target, target.secret)

/** Opens a connection and has the agent take the call; `extra` are fields that call.start has besides its own. */
export const take = Effect.fnUntraced(function* (
  target: Target,
  options: { readonly call?: AgentCall; readonly audio?: AgentAudio; readonly extra?: object } = {}
) {
  const { ear, socket } = yield* dial(target)
  const start = { ...callStart(options.call ?? someCall(), options.audio ?? target.audio), ...options.extra }
  const accepted = yield* shakeHands(socket, start, target.timing.limits)
  return { socket, ear, accepted }
})

/** As `take`, and whatever the agent says is read from then on, and not answered. */
export const takeAndListen = Effect.fnUntraced(function* (...parameters: Parameters<typeof take>) {
  const taken = yield* take(...parameters)
  yield* Effect.acquireRelease(
    Effect.sync(() => taken.accepted.held.begin(() => {})),
    (stop) => Effect.sync(stop)
  )
  return taken
})

export const say = (socket: WebSocket, message: ToAgent | object) => Effect.sync(() => sendJson(socket, message))

/** Ends a test's call as a caller who hangs up does. */
export const part = ({ timing }: Target, socket: WebSocket) =>
  Effect.andThen(
    say(socket, { type: "call.end", reason: "caller_hung_up", owner: "caller" }),
    shut(socket, 1000, "the call is over", timing.limits)
  )

/** How long the answer to a ping takes, ms; undefined when it does not come in time or the connection is closed. */
export const pong = Effect.fnUntraced(function* (socket: WebSocket, patienceMs: number) {
  const now = yield* clock
  const began = now()
  const payload = randomBytes(8)
  return yield* Effect.callback<number | undefined>((resume) => {
    if (socket.readyState !== WebSocket.OPEN) return resume(Effect.undefined)
    const finish = (waited: number | undefined) => {
      socket.off("pong", onPong).off("close", onClose)
      resume(Effect.succeed(waited))
    }
    const onPong = (data: Buffer) => {
      if (data.equals(payload)) finish(now() - began)
    }
    const onClose = () => finish(undefined)
    socket.on("pong", onPong).on("close", onClose).ping(payload)
    return Effect.sync(() => socket.off("pong", onPong).off("close", onClose))
  }).pipe(Effect.timeoutOrElse({ duration: patienceMs, orElse: () => Effect.undefined }))
})

/** Waits until the connection is closed, or for the time given. */
const closing = (socket: WebSocket, ms: number) =>
  Effect.callback<void>((resume) => {
    if (socket.readyState === WebSocket.CLOSED) return resume(Effect.void)
    const closed = () => resume(Effect.void)
    socket.once("close", closed)
    return Effect.sync(() => socket.off("close", closed))
  }).pipe(Effect.timeoutOption(ms))

/**
 * Why an agent did not live through what was just sent to it; undefined when it did, or said hangup. A connection that is closed or
 * does not answer a ping did not.
 */
export const casualty = Effect.fnUntraced(function* (target: Target, socket: WebSocket, ear: Ear) {
  const { settleMs, stallMs } = target.timing
  yield* closing(socket, settleMs)
  const answered = target.answersPings ? yield* pong(socket, stallMs) : 0
  if (ear.said("hangup")) return undefined
  const code = ear.closedWith()
  if (code !== undefined) return code === 1006 ? "cut the connection" : `closed the connection with code ${code}`
  return answered === undefined ? `did not answer a ping within ${stallMs / 1000} s` : undefined
})
