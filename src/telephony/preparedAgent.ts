import { Deferred, Effect, Exit, Scope } from "effect"
import type { AgentLeg, AgentUnreachable } from "../agents/AgentSpec.ts"
import type { Call } from "./Call.ts"
import { owners } from "./EndReason.ts"
import { mayComeBack } from "./mediaAgent.ts"

/** A connection to an agent; undefined where none is made ahead of the audio. */
export type Connecting = Effect.Effect<AgentLeg | undefined, AgentUnreachable, Scope.Scope>

/** An agent that is connected, or being connected, for a call that has no audio yet. It lives in `scope`. */
export interface PreparedAgent {
  readonly callId: string
  /** Until when it waits for the audio, ms since 1970. */
  readonly until: number
  readonly scope: Scope.Closeable
  /** What came of it. */
  readonly leg: Deferred.Deferred<AgentLeg | undefined, AgentUnreachable>
  /** The call's media took it: nobody else looks after it any more. */
  readonly taken: Deferred.Deferred<void>
}

export const preparedAgent = Effect.fnUntraced(function* (callId: string, until: number) {
  const agent: PreparedAgent = {
    callId,
    until,
    scope: yield* Scope.make(),
    leg: yield* Deferred.make<AgentLeg | undefined, AgentUnreachable>(),
    taken: yield* Deferred.make<void>()
  }
  return agent
})

/**
 * Connects the agent and looks after it until it is taken. Gives whether it is still good for something: connected, or
 * refused once and for all, so that it need not be asked again.
 */
export const lookAfter = Effect.fnUntraced(function* ({ leg, scope, taken }: PreparedAgent, connecting: Connecting) {
  const exit = yield* Effect.exit(Effect.provideService(connecting, Scope.Scope, scope))
  yield* Deferred.done(leg, exit)
  if (yield* Deferred.isDone(taken)) return true
  if (Exit.isFailure(exit)) {
    yield* Effect.logInfo("The agent could not be connected before the audio.", exit.cause)
    const error = yield* Effect.option(Effect.flip(exit))
    return error._tag === "Some" && !mayComeBack(error.value)
  }
  if (exit.value === undefined) return false
  return yield* Effect.raceFirst(exit.value.waiting ?? Effect.never, Deferred.await(taken)).pipe(
    Effect.as(true),
    Effect.catchTag("AgentLost", ({ message }) =>
      Effect.as(Effect.logInfo(`The agent went away before there was audio: ${message}`), false)
    )
  )
})

/** Closes the connection. */
export const letGo = ({ scope }: PreparedAgent) => Scope.close(scope, Exit.void)

/** Tells the agent why the call ended, if it is there to be told, and closes the connection. */
export const sayGoodbye = Effect.fnUntraced(function* (agent: PreparedAgent, call: Call) {
  const exit = yield* Deferred.poll(agent.leg)
  const leg = exit._tag === "Some" ? yield* Effect.option(exit.value) : exit
  const reason = call.endReason
  if (leg._tag === "Some" && leg.value !== undefined && reason !== undefined)
    yield* leg.value.ended({ reason, owner: call.endOwner ?? owners[reason] })
  yield* letGo(agent)
})
