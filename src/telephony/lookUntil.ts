import { type Duration, Effect } from "effect"

/** When to stop looking, how long to wait from one look to the next, and how often to look again at most. */
export interface Looking<A> {
  readonly until: (seen: A) => boolean
  readonly every: Duration.Input
  readonly again: number
}

/** Looks at something until it is as wanted, or often enough; gives what it saw last. */
export const lookUntil = <A, E, R>(look: Effect.Effect<A, E, R>, looking: Looking<A>): Effect.Effect<A, E, R> =>
  Effect.flatMap(look, (seen) =>
    looking.again <= 0 || looking.until(seen)
      ? Effect.succeed(seen)
      : Effect.delay(lookUntil(look, { ...looking, again: looking.again - 1 }), looking.every)
  )
