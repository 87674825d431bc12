import { Cause, Clock, Duration, Effect, FiberMap, Layer, Schedule } from "effect"
import { ListenerEnded } from "../carrier/Listener.ts"
import { Configurations } from "../organizations/Configurations.ts"
import { Drain } from "./Drain.ts"
import { listenerDesks } from "./listenerDesk.ts"
import { listenerLeases, listenerLeaseSeconds, type OwnListener } from "./listenerLeases.ts"
import { listenersHeld, listenerTroubled } from "./listenerMetrics.ts"
import type { Trouble } from "./listenerStreak.ts"
import { supervise } from "./supervise.ts"

/** How often the configurations are looked at. */
const every = "1 second"

/** A connection that this node keeps up. */
interface Kept {
  readonly version: number
  readonly provider: string
  isParked: boolean
  isConnected: boolean
}

/** What is written down for other nodes and people; the next look writes down what matters again. */
const written = <A>(write: Effect.Effect<A, { readonly message: string }>) =>
  Effect.asVoid(write).pipe(
    Effect.catch(({ message }) => Effect.logWarning(`The state of a listener could not be written down: ${message}`))
  )

const tell = (state: Kept, trouble: Trouble, nextTryMs: number | undefined) => {
  const next =
    nextTryMs === undefined
      ? "It is parked."
      : `The next try is in ${Duration.format(Duration.seconds(Math.ceil(nextTryMs / 1000)))}.`
  const message = `The connection to the carrier is down (${trouble.kind}): ${trouble.message} ${next}`
  const log = trouble.kind === "lost" && !state.isParked ? Effect.logWarning(message) : Effect.logError(message)
  return Effect.annotateLogs(log, { provider: state.provider })
}

/**
 * Keeps the connections of configurations whose carrier tells of its calls that way: exactly one node runs each, and every
 * change of a configuration is found within seconds. A node that is on its way out keeps its connections until another one
 * takes them; then the new connection replaces the old one at the carrier.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const drain = yield* Drain
    const configurations = yield* Configurations
    const leases = yield* listenerLeases
    const deskOf = yield* listenerDesks
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(leases.releaseAll, "2 seconds")))
    const fibers = yield* FiberMap.make<string, void, never>()
    const kept = new Map<string, Kept>()
    let tendedAt = yield* Clock.currentTimeMillis

    const listen = Effect.fnUntraced(function* (own: OwnListener, connected: Effect.Effect<void>) {
      const configuration = yield* configurations.load(own.id, { organizationId: own.organization_id }).pipe(
        Effect.catchTags({
          SqlError: Effect.die,
          ConfigurationNotFound: Effect.die,
          WrongProvider: Effect.die,
          UnknownProvider: Effect.die,
          // What is stored cannot be read: that is for a person, and no connection can be tried with it.
          InvalidCredentials: ({ provider, errors }) =>
            new ListenerEnded({ provider, kind: "refused", message: errors.map(({ message }) => message).join(" ") })
        })
      )
      const { listen } = configuration.provider
      if (listen === undefined) return yield* Effect.never
      return yield* listen(deskOf(configuration, connected))
    })

    const run = (own: OwnListener, state: Kept) =>
      supervise({
        listen: (connected) => listen(own, connected),
        parkedForMs: own.is_parked ? own.try_in_ms : undefined,
        onConnected: Effect.gen(function* () {
          state.isConnected = true
          yield* Effect.logInfo("The connection to the carrier is up.")
          yield* written(leases.noteConnected(own.id))
        }),
        onTrouble: Effect.fnUntraced(function* (trouble, nextTryMs, isNews) {
          state.isConnected = false
          yield* listenerTroubled(state.provider, trouble)
          if (isNews || nextTryMs === undefined) yield* tell(state, trouble, nextTryMs)
          yield* written(leases.noteTrouble(own.id, trouble.message))
        }),
        park: (reason) =>
          leases.park(own.id, `The connection to the carrier does not come about. ${reason}`).pipe(
            Effect.as(true),
            Effect.catchTag("SqlError", (error) =>
              Effect.as(Effect.logError(`A configuration could not be parked: ${error.message}`), false)
            )
          ),
        unpark: Effect.suspend(() => {
          state.isParked = false
          return Effect.andThen(
            Effect.logInfo("The parked configuration's connection is up again: it is reactivated."),
            written(leases.unpark(own))
          )
        }),
        triedInVain: () => written(leases.noteTried(own.id))
      }).pipe(
        Effect.ensuring(Effect.sync(() => void (state.isConnected = false))),
        Effect.annotateLogs({ configuration: own.id, organization: own.organization_id })
      )

    const start = Effect.fnUntraced(function* (own: OwnListener) {
      yield* FiberMap.remove(fibers, own.id)
      const state: Kept = { version: own.version, provider: own.provider, isParked: own.is_parked, isConnected: false }
      kept.set(own.id, state)
      yield* FiberMap.run(fibers, own.id, run(own, state))
    })

    const isCurrent = (own: OwnListener) => {
      const state = kept.get(own.id)
      // One that runs as active while its row is still parked has just come back, or is just parking itself.
      return FiberMap.hasUnsafe(fibers, own.id) && state?.version === own.version && (own.is_parked || !state.isParked)
    }

    const stopAllBut = (ids: ReadonlyArray<string>) =>
      Effect.forEach(
        Array.from(kept.keys()).filter((id) => !ids.includes(id)),
        (id) => {
          kept.delete(id)
          return FiberMap.remove(fibers, id)
        },
        { concurrency: "unbounded", discard: true }
      )

    /** Every provider that was ever counted: its gauge must go back to zero. */
    const counted = new Set<string>()
    const count = Effect.suspend(() => {
      for (const { provider } of kept.values()) counted.add(provider)
      return Effect.forEach(
        counted,
        (provider) => {
          const own = Array.from(kept.values()).filter((each) => each.provider === provider)
          const connected = own.filter(({ isConnected }) => isConnected).length
          return listenersHeld(provider, { connected, down: own.length - connected })
        },
        { discard: true }
      )
    })

    const tend = Effect.gen(function* () {
      if (yield* drain.isDraining)
        return yield* Effect.flatMap(Effect.timeout(leases.yieldAll, "5 seconds"), stopAllBut)
      const connected = Array.from(kept).flatMap(([id, { isConnected }]) => (isConnected ? [id] : []))
      const own = yield* Effect.timeout(leases.tend(connected), "5 seconds")
      tendedAt = yield* Clock.currentTimeMillis
      yield* stopAllBut(own.map(({ id }) => id))
      yield* Effect.forEach(
        own.filter((each) => !isCurrent(each)),
        start,
        { concurrency: "unbounded", discard: true }
      )
    })

    /** Without the database nobody can know whose the connections are. */
    const blind = Effect.fnUntraced(function* (cause: Cause.Cause<unknown>) {
      yield* Effect.logWarning("The listeners could not be looked after", cause)
      const now = yield* Clock.currentTimeMillis
      if (now - tendedAt >= listenerLeaseSeconds * 1000) yield* stopAllBut([])
    })

    yield* tend.pipe(
      Effect.catchCauseIf((cause) => !Cause.hasInterrupts(cause), blind),
      Effect.andThen(count),
      Effect.repeat(Schedule.spaced(every)),
      Effect.forkScoped
    )
  })
)
