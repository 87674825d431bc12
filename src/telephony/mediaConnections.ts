import { Effect, Exit, Scope } from "effect"
import type { CallAgent } from "./mediaAgent.ts"
import type { MediaProgress } from "./mediaProgress.ts"

/**
 * The connections of a call to its agent, one at a time, within the call's scope. The one before is closed when the next one is
 * asked for. `progress.leg` is the last that stood.
 */
export const connections = Effect.fnUntraced(function* (agent: CallAgent, progress: Pick<MediaProgress, "leg">) {
  const callScope = yield* Effect.scope
  let current: Scope.Closeable | undefined

  return Effect.fnUntraced(function* (attempt: number) {
    if (current !== undefined) yield* Scope.close(current, Exit.void)
    const scope = yield* Scope.fork(callScope)
    current = scope
    const leg = yield* agent.connect(attempt).pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
    )
    progress.leg = leg
    return leg
  })
})
