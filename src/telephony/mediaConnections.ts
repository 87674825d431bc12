import { Effect, Exit, Scope } from "effect"
import type { AgentLeg, AgentUnreachable } from "../agents/AgentSpec.ts"
import type { CallAgent } from "./mediaAgent.ts"
import type { MediaProgress } from "./mediaProgress.ts"
import type { PreparedLeg } from "./PreparedAgents.ts"

/**
 * The connections of a call to its agent, one at a time, within the call's scope. The one before is closed when the next one is
 * asked for. `progress.leg` is the last that stood. `first` takes the agent that was connected before there was audio, where
 * `prepared` has one; `again` counts from 1.
 */
export const connections = Effect.fnUntraced(function* (
  agent: CallAgent,
  progress: Pick<MediaProgress, "leg">,
  prepared: Effect.Effect<PreparedLeg, never, Scope.Scope>
) {
  const callScope = yield* Effect.scope
  let current: Scope.Closeable | undefined

  const stand = Effect.fnUntraced(function* (connecting: Effect.Effect<AgentLeg, AgentUnreachable, Scope.Scope>) {
    if (current !== undefined) yield* Scope.close(current, Exit.void)
    const scope = yield* Scope.fork(callScope)
    current = scope
    const leg = yield* connecting.pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
    )
    progress.leg = leg
    return leg
  })

  const taken = Effect.flatten(Effect.provideService(prepared, Scope.Scope, callScope))
  return {
    first: stand(Effect.flatMap(taken, (leg) => (leg === undefined ? agent.connect(0) : Effect.succeed(leg)))),
    again: (attempt: number) => stand(agent.connect(attempt))
  }
})
