import { Effect, FiberSet, Schedule, type Scope, Semaphore } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { FormValues } from "../Form.ts"
import type { PausedSpan } from "./recorder.ts"
import { DiskFailed } from "./RecordingFiles.ts"
import { type RecordingActor, RecordingHost } from "./RecordingHost.ts"
import { type RecordingEnd, RecordingStore } from "./RecordingStore.ts"

const noDatabase = new DiskFailed({
  reason: "failed",
  message: "The recording could not be noted in the database, which did not answer. Nothing was recorded."
})

/** A database that is away is waited for a little: what is recorded meanwhile is kept. */
const stubborn = <A>(write: Effect.Effect<A, SqlError>) =>
  Effect.retry(write, { schedule: Schedule.spaced("1 second"), times: 5 })

type NewRecording = Parameters<RecordingStore["Service"]["add"]>[0]

/** The row of one recording and its lines in the call's log. */
export interface RecordingLog {
  /** Makes the row, then the file, and says that the recording has begun. To be called first: everything else waits for it. */
  readonly begin: <A>(
    row: Effect.Effect<NewRecording, DiskFailed>,
    file: Effect.Effect<A, DiskFailed, Scope.Scope>,
    by: RecordingActor
  ) => Effect.Effect<A, DiskFailed, Scope.Scope>
  /** It was paused or goes on, `atMs` after its beginning. Does not wait. */
  readonly paused: (
    kind: "recording.paused" | "recording.resumed",
    paused: ReadonlyArray<PausedSpan>,
    atMs: number,
    by: RecordingActor
  ) => Effect.Effect<void>
  readonly finished: (end: RecordingEnd, reason: string, by: RecordingActor) => Effect.Effect<void>
  readonly failed: (end: RecordingEnd, error: DiskFailed) => Effect.Effect<void>
  /** Waits until everything so far is written. */
  readonly settled: Effect.Effect<void>
}

/**
 * Tells the database of a recording, one thing after the other, in the order in which they happened. What nobody waits for goes on
 * in `running`.
 */
export const recordingLog = Effect.fnUntraced(function* (
  { callId, id }: { readonly callId: string; readonly id: string },
  running: FiberSet.FiberSet<void>
) {
  const store = yield* RecordingStore
  const host = yield* RecordingHost
  const turn = yield* Semaphore.make(1)
  const inTurn = Semaphore.withPermits(turn, 1)

  const note = (by: RecordingActor, kind: string, payload: FormValues) =>
    host.note(callId, by, kind, { recording_id: id, ...payload })
  const conclude = (end: RecordingEnd) =>
    stubborn(store.finish(id, end)).pipe(
      Effect.catchTag("SqlError", ({ message }) =>
        Effect.logWarning(`The end of a recording was not noted, it will be later: ${message}`)
      )
    )

  const log: RecordingLog = {
    begin: Effect.fnUntraced(function* (row, file, by) {
      yield* Semaphore.take(turn, 1)
      const release = Semaphore.release(turn, 1)
      const { opened, sampleRate } = yield* Effect.gen(function* () {
        const known = yield* row
        yield* Effect.catchTag(stubborn(store.add(known)), "SqlError", () => noDatabase)
        return { opened: yield* file, sampleRate: known.sampleRate }
      }).pipe(Effect.onError(() => release))
      const started = note(by, "recording.started", { sample_rate: sampleRate })
      yield* FiberSet.run(running, Effect.ensuring(started, release))
      return opened
    }),
    paused: (kind, paused, atMs, by) => {
      const written = stubborn(store.notePaused(id, paused)).pipe(
        Effect.catchTag("SqlError", ({ message }) =>
          Effect.logWarning(`A pause of a recording was not noted: ${message}`)
        ),
        Effect.andThen(note(by, kind, { at_ms: atMs })),
        inTurn
      )
      return Effect.asVoid(FiberSet.run(running, written, { startImmediately: true }))
    },
    finished: (end, reason, by) =>
      inTurn(Effect.andThen(conclude(end), note(by, "recording.stopped", { reason, duration_ms: end.durationMs }))),
    failed: (end, { message, reason }) =>
      inTurn(
        Effect.andThen(
          conclude({ ...end, state: "failed", error: message }),
          note("gateway", "recording.failed", { reason, message })
        )
      ),
    settled: inTurn(Effect.void)
  }
  return log
})
