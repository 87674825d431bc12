import { DateTime, Deferred, Effect, FiberSet, Metric, Schedule, Semaphore } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { uuidV7 } from "../store/Ids.ts"
import type { MediaTap, Transport } from "../Transport.ts"
import { failedRecordings } from "./metrics.ts"
import { Recorder } from "./recorder.ts"
import { DiskFailed, RecordingFiles } from "./RecordingFiles.ts"
import { type RecordingActor, RecordingHost } from "./RecordingHost.ts"
import { type RecordingEnd, RecordingStore } from "./RecordingStore.ts"
import { groupBytes } from "./timeline.ts"
import { durationOf, headerBytes, maxDataBytes, wavFile } from "./wavFile.ts"

/** How often what was recorded is written. */
const interval = "1 second"

/** How often one recording may be paused: an agent cannot fill the database with it. After that it stays paused. */
export const maxPauses = 500

/** Why a recording ended. */
export type StopReason = "media_ended" | "stopped" | "size_limit" | "shutdown"

interface Stop {
  readonly reason: StopReason
  readonly by: RecordingActor
}

/** A recording that is being made. What is asked takes effect on the audio at once; disk and database follow. */
export interface LiveRecording {
  readonly id: string
  /** It was stopped, or broke off. */
  readonly isOver: () => boolean
  readonly isPaused: () => boolean
  /** Silence on both sides from now on. */
  readonly pause: (by: RecordingActor) => Effect.Effect<void>
  /** False: it was paused too often, and stays so. */
  readonly resume: (by: RecordingActor) => Effect.Effect<boolean>
  readonly stop: (reason: StopReason, by: RecordingActor) => Effect.Effect<void>
  /** Waits until the first bytes are on the disk; fails where that cannot be. */
  readonly begun: Effect.Effect<void, DiskFailed>
  /** Waits until the database knows of everything so far. */
  readonly noted: Effect.Effect<void>
  /** Waits until the file is finished and the database knows. */
  readonly finished: Effect.Effect<void>
}

/** What is to be recorded, and on whose behalf. */
export interface RecordingRequest {
  readonly callId: string
  readonly transport: Pick<Transport, "info" | "tap">
  readonly by: RecordingActor
}

const tooSlow = new DiskFailed({
  reason: "slow",
  message:
    "The disk of the recordings is too slow: what was recorded could not be written for ten seconds. Use a faster disk (SWITCHBOARD_RECORDINGS_DIR), or record fewer calls."
})
const noDatabase = new DiskFailed({
  reason: "failed",
  message: "The recording could not be noted in the database, which did not answer. Nothing was recorded."
})
const broken = new DiskFailed({
  reason: "failed",
  message: "The recording broke off by a fault of the service. Its log says what happened."
})

const stubborn = <A>(write: Effect.Effect<A, SqlError>) =>
  Effect.retry(write, { schedule: Schedule.spaced("1 second"), times: 5 })

/** A defect of the recording must not reach the media: it ends the recording alone. */
const contained = (tap: MediaTap, onDefect: (defect: unknown) => void): MediaTap => {
  const guard =
    <Arguments extends ReadonlyArray<unknown>>(act: (...args: Arguments) => void) =>
    (...args: Arguments) => {
      try {
        act(...args)
      } catch (defect) {
        onDefect(defect)
      }
    }
  return {
    missed: guard((chunks) => tap.missed(chunks)),
    heard: guard((chunk, now) => tap.heard(chunk, now)),
    sent: guard((frame, playsAt, now) => tap.sent(frame, playsAt, now)),
    unheard: guard((ms) => tap.unheard(ms))
  }
}

/**
 * Begins recordings. Their writing goes on in `running`, beyond the call, until the file is finished. `now` is the clock of the
 * media, ms.
 */
export const recordingStarter = Effect.fnUntraced(function* (
  running: FiberSet.FiberSet<void>,
  live: Map<string, LiveRecording>,
  now: () => number
) {
  const files = yield* RecordingFiles
  const store = yield* RecordingStore
  const host = yield* RecordingHost

  return Effect.fnUntraced(function* ({ by, callId, transport }: RecordingRequest) {
    const id = yield* uuidV7
    const stopped = yield* Deferred.make<Stop>()
    const failed = yield* Deferred.make<never, DiskFailed>()
    const begun = yield* Deferred.make<void, DiskFailed>()
    const finished = yield* Deferred.make<void>()
    /** One after the other: the database learns of everything in its order. */
    const inOrder = Semaphore.makeUnsafe(1)
    const recorder = new Recorder(transport.info, now(), () => Deferred.doneUnsafe(failed, tooSlow))
    const tap = contained(recorder, (defect) => Deferred.doneUnsafe(failed, Effect.die(defect)))
    // What came before somebody asked for a recording is not a part of it.
    const untap = transport.tap(by === "gateway" ? tap : { ...tap, missed: () => {} })
    const startedAt = DateTime.subtract(yield* DateTime.now, { milliseconds: recorder.elapsedMs(now()) })
    let isOver = false
    let dataBytes = 0

    const note = (source: RecordingActor, kind: string, payload: Parameters<typeof host.note>[3] = {}) =>
      host.note(callId, source, kind, { recording_id: id, ...payload })
    const follow = (work: Effect.Effect<void>) =>
      Effect.asVoid(FiberSet.run(running, Semaphore.withPermits(inOrder, 1)(work), { startImmediately: true }))
    const notePaused = Effect.suspend(() => store.notePaused(id, recorder.paused)).pipe(
      stubborn,
      Effect.catchTag("SqlError", ({ message }) =>
        Effect.logWarning(`A pause of a recording was not noted: ${message}`)
      )
    )

    const open = Effect.gen(function* () {
      const folderId = yield* files.prepare
      const fileName = `${callId}.${id}.wav`
      const { sampleRate } = recorder
      yield* stubborn(store.add({ id, callId, folderId, fileName, sampleRate, startedAt })).pipe(
        Effect.catchTag("SqlError", () => noDatabase)
      )
      return yield* files.create(fileName).pipe(Effect.flatMap((file) => wavFile(file, sampleRate)))
    })

    const write = Effect.gen(function* () {
      yield* Semaphore.take(inOrder, 1)
      const release = Semaphore.release(inOrder, 1)
      const wav = yield* Effect.onError(open, () => release)
      yield* Deferred.succeed(begun, undefined)
      const started = note(by, "recording.started", { sample_rate: recorder.sampleRate })
      yield* FiberSet.run(running, Effect.ensuring(started, release))
      const block = new Uint8Array(recorder.sampleRate * groupBytes)
      let stop: Stop | undefined
      do {
        stop = yield* Effect.timeoutOrElse(Deferred.await(stopped), {
          duration: interval,
          orElse: () => Effect.succeed(undefined)
        })
        for (let bytes = recorder.take(now(), block); bytes > 0; bytes = recorder.take(now(), block)) {
          yield* wav.append(block.subarray(0, bytes))
          dataBytes = wav.dataBytes()
        }
        if (dataBytes > maxDataBytes) yield* end("size_limit", "gateway")
      } while (stop === undefined)
      return stop
    })

    const end = (reason: StopReason, source: RecordingActor) =>
      Effect.sync(() => {
        if (isOver) return
        isOver = true
        untap()
        recorder.stop(now())
        Deferred.doneUnsafe(stopped, Effect.succeed({ reason, by: source }))
      })

    const conclude = (state: RecordingEnd["state"], error?: string) =>
      stubborn(
        store.finish(id, {
          state,
          durationMs: durationOf(recorder.sampleRate, dataBytes),
          bytes: dataBytes + headerBytes,
          paused: recorder.paused,
          ...(error === undefined ? {} : { error })
        })
      ).pipe(
        Effect.catchTag("SqlError", ({ message }) =>
          Effect.logWarning(`The end of a recording was not noted, it will be later: ${message}`)
        )
      )

    const ready = Effect.fnUntraced(function* (stop: Stop) {
      const durationMs = durationOf(recorder.sampleRate, dataBytes)
      yield* conclude("ready")
      yield* note(stop.by, "recording.stopped", { reason: stop.reason, duration_ms: durationMs })
    })

    const failure = Effect.fnUntraced(function* (error: DiskFailed) {
      yield* end("stopped", "gateway")
      yield* Deferred.fail(begun, error)
      yield* Metric.update(failedRecordings, 1)
      yield* Effect.logError(`A call is not recorded any more: ${error.message}`)
      yield* conclude("failed", error.message)
      yield* note("gateway", "recording.failed", { reason: error.reason, message: error.message })
    })

    const recording = Effect.raceFirst(Effect.scoped(write), Deferred.await(failed)).pipe(
      Effect.catchDefect((defect) => Effect.andThen(Effect.logError("A recording broke off", defect), broken)),
      Effect.matchEffect({
        onSuccess: (stop) => Semaphore.withPermits(inOrder, 1)(ready(stop)),
        onFailure: (error) => Semaphore.withPermits(inOrder, 1)(failure(error))
      }),
      Effect.ensuring(
        Effect.sync(() => {
          untap()
          live.delete(id)
          Deferred.doneUnsafe(finished, Effect.void)
        })
      ),
      Effect.annotateLogs({ call: callId, recording: id })
    )

    const made: LiveRecording = {
      id,
      isOver: () => isOver,
      isPaused: () => recorder.isPaused,
      pause: (source) =>
        Effect.suspend(() => {
          if (isOver || recorder.isPaused) return Effect.void
          recorder.pause(now())
          const at = recorder.elapsedMs(now())
          return follow(Effect.andThen(notePaused, note(source, "recording.paused", { at_ms: at })))
        }),
      resume: (source) =>
        Effect.suspend(() => {
          if (isOver || !recorder.isPaused) return Effect.succeed(true)
          if (recorder.paused.length >= maxPauses) return Effect.succeed(false)
          recorder.resume(now())
          const at = recorder.elapsedMs(now())
          return Effect.as(follow(Effect.andThen(notePaused, note(source, "recording.resumed", { at_ms: at }))), true)
        }),
      stop: end,
      begun: Deferred.await(begun),
      noted: Semaphore.withPermits(inOrder, 1)(Effect.void),
      finished: Deferred.await(finished)
    }
    live.set(id, made)
    yield* FiberSet.run(running, recording, { startImmediately: true })
    return made
  })
})
