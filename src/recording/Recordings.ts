import { Context, Effect, FiberSet, Layer, Metric, Schedule } from "effect"
import { Pacer } from "../transport/pacer.ts"
import { type LiveRecording, type RecordingRequest, recordingStarter } from "./liveRecording.ts"
import { liveRecordings } from "./metrics.ts"
import { RecordingStore } from "./RecordingStore.ts"

/** How often the leases of what is written are renewed. */
const renewal = "10 seconds"

/** How long a node that shuts down waits for its recordings to be finished. */
const patience = "10 seconds"

/** The recordings that this process makes. */
export class Recordings extends Context.Service<
  Recordings,
  {
    /**
     * Begins to record a call: from now on its audio is kept, and written by a fiber that outlives the call until the file is
     * finished. Whoever begins it stops it, too. Never fails: a disk that cannot be written to is told by the call's log.
     */
    readonly begin: (request: RecordingRequest) => Effect.Effect<LiveRecording>
    /** Those that are being written now. */
    readonly ids: Effect.Effect<ReadonlyArray<string>>
  }
>()("switchboard/Recordings") {
  static readonly layer = Layer.effect(
    Recordings,
    Effect.gen(function* () {
      const pacer = yield* Pacer
      const store = yield* RecordingStore
      const running = yield* FiberSet.make<void>()
      const live = new Map<string, LiveRecording>()
      const begin = yield* recordingStarter(running, live, pacer.now)

      yield* Effect.suspend(() => (live.size === 0 ? Effect.void : store.renew(Array.from(live.keys())))).pipe(
        Effect.catchTag("SqlError", ({ message }) =>
          Effect.logWarning(`The leases of recordings were not renewed: ${message}`)
        ),
        Effect.andThen(Effect.suspend(() => Metric.update(liveRecordings, live.size))),
        Effect.repeat(Schedule.spaced(renewal)),
        Effect.forkScoped
      )
      yield* Effect.addFinalizer(() =>
        Effect.forEach(Array.from(live.values()), (each) => each.stop("shutdown", "gateway"), { discard: true }).pipe(
          Effect.andThen(FiberSet.awaitEmpty(running)),
          Effect.timeoutOption(patience)
        )
      )
      return Recordings.of({ begin, ids: Effect.sync(() => Array.from(live.keys())) })
    })
  )
}
