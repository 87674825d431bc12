import { Cause, Clock, Effect, Exit, Option, Random, type Scope } from "effect"
import type { ListenerEnded } from "../carrier/Listener.ts"
import {
  failedOnceMore,
  isHopeless,
  isNews,
  noFailures,
  pauseAfter,
  standsAfter,
  type Streak,
  type Trouble
} from "./listenerStreak.ts"

/** One configuration's connection, and whom to tell how it goes. */
export interface Supervised {
  /** Connects and listens; `connected` is to be run when the connection is up. */
  readonly listen: (connected: Effect.Effect<void>) => Effect.Effect<never, ListenerEnded, Scope.Scope>
  /** The configuration is parked: it is tried once, after this time (ms). Undefined: it is active. */
  readonly parkedForMs: number | undefined
  readonly onConnected: Effect.Effect<void>
  /** The connection is over, or did not come about; `isNews` when it should be told to people. */
  readonly onTrouble: (trouble: Trouble, nextTryMs: number | undefined, isNews: boolean) => Effect.Effect<void>
  /** Parks the configuration. False: it could not be written down, so it goes on. */
  readonly park: (reason: string) => Effect.Effect<boolean>
  /** The parked configuration works again. */
  readonly unpark: Effect.Effect<void>
  /** The one try of a parked configuration came to nothing. */
  readonly triedInVain: (trouble: Trouble) => Effect.Effect<void>
}

const troubleOf = (exit: Exit.Exit<never, ListenerEnded>): Trouble => {
  const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
  const ended = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (ended !== undefined) return { kind: ended.kind, message: ended.message }
  return { kind: "fault", message: "The listener broke. This is a fault of ours: the log tells more." }
}

/**
 * Keeps a connection up: tries again with growing pauses, starts afresh once a connection has stood for 30 s, and parks the
 * configuration when it is refused again and again, or away for too long. Our own faults never park. Ends when the
 * configuration is parked, or its one try while parked was in vain.
 */
export const supervise = Effect.fnUntraced(function* (supervised: Supervised) {
  let streak: Streak = noFailures
  let isParked = supervised.parkedForMs !== undefined
  if (supervised.parkedForMs !== undefined) yield* Effect.sleep(supervised.parkedForMs)

  for (;;) {
    let connectedAt: number | undefined
    const connected = Effect.gen(function* () {
      connectedAt = yield* Clock.currentTimeMillis
      if (isParked) yield* supervised.unpark
      isParked = false
      yield* supervised.onConnected
    })
    const exit = yield* Effect.exit(Effect.scoped(supervised.listen(connected)))
    const trouble = troubleOf(exit)
    if (trouble.kind === "fault" && Exit.isFailure(exit))
      yield* Effect.logError("A defect ended a listener.", exit.cause)

    const now = yield* Clock.currentTimeMillis
    const hasStood = connectedAt !== undefined && now - connectedAt >= standsAfter
    streak = failedOnceMore(hasStood ? noFailures : streak, trouble, now)
    const news = isNews(streak, trouble, now)
    if (news) streak = { ...streak, told: { kind: trouble.kind, at: now } }

    if (isParked) {
      yield* supervised.onTrouble(trouble, undefined, news)
      return yield* supervised.triedInVain(trouble)
    }
    if (isHopeless(streak, now) && (yield* supervised.park(trouble.message)))
      return yield* supervised.onTrouble(trouble, undefined, news)
    const pause = pauseAfter(streak, trouble, yield* Random.next)
    yield* supervised.onTrouble(trouble, pause, news)
    yield* Effect.sleep(pause)
  }
})
