import { DateTime, Deferred, Effect, FiberSet, Metric, type Scope } from "effect"
import { uuidV7 } from "../store/Ids.ts"
import type { MediaTap, Transport } from "../Transport.ts"
import { failedRecordings } from "./metrics.ts"
import { Recorder } from "./recorder.ts"
import { DiskFailed, RecordingFiles } from "./RecordingFiles.ts"
import type { RecordingActor } from "./RecordingHost.ts"
import { recordingLog } from "./recordingLog.ts"
import type { RecordingEnd } from "./RecordingStore.ts"
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

/** What is to be recorded, and on whose behalf: the gateway's own recordings begin with the first sound of the call. */
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
const broken = new DiskFailed({
  reason: "failed",
  message: "The recording broke off by a fault of the service. Its log says what happened."
})

/** A defect of whoever listens in must not reach the media: it ends the listening alone. */
export const contained = (tap: MediaTap, onDefect: (defect: unknown) => void): MediaTap => {
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

/** Writes what a recorder has, block by block, until it was stopped and nothing is left. `wrote` hears of each block. */
const writeBlocks = Effect.fnUntraced(function* (
  recorder: Recorder,
  wav: Effect.Success<ReturnType<typeof wavFile>>,
  now: () => number,
  stopped: Effect.Effect<Stop>,
  wrote: (dataBytes: number) => void
) {
  const block = new Uint8Array(recorder.sampleRate * groupBytes)
  const nobody = Effect.succeed(undefined)
  for (;;) {
    const stop: Stop | undefined = yield* Effect.timeoutOrElse(stopped, { duration: interval, orElse: () => nobody })
    for (let bytes = recorder.take(now(), block); bytes > 0; bytes = recorder.take(now(), block)) {
      yield* wav.append(block.subarray(0, bytes))
      wrote(wav.dataBytes())
    }
    if (stop !== undefined) return stop
  }
})

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
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof recordingLog>>>()

  return Effect.fnUntraced(function* ({ by, callId, transport }: RecordingRequest) {
    const id = yield* uuidV7
    const log = yield* Effect.provideContext(recordingLog({ callId, id }, running), context)
    const stopped = yield* Deferred.make<Stop>()
    const failed = yield* Deferred.make<never, DiskFailed>()
    const begun = yield* Deferred.make<void, DiskFailed>()
    const finished = yield* Deferred.make<void>()
    const recorder = new Recorder(transport.info, now(), () => Deferred.doneUnsafe(failed, tooSlow))
    const { sampleRate } = recorder
    const tap = contained(recorder, (defect) => Deferred.doneUnsafe(failed, Effect.die(defect)))
    // What came before somebody asked for a recording is not a part of it.
    const untap = transport.tap(by === "gateway" ? tap : { ...tap, missed: () => {} })
    const startedAt = DateTime.subtract(yield* DateTime.now, { milliseconds: recorder.elapsedMs(now()) })
    let isOver = false
    let dataBytes = 0

    const end = (reason: StopReason, source: RecordingActor) =>
      Effect.sync(() => {
        if (isOver) return
        isOver = true
        untap()
        recorder.stop(now())
        Deferred.doneUnsafe(stopped, Effect.succeed({ reason, by: source }))
      })
    const result = (): RecordingEnd => ({
      state: "ready",
      durationMs: durationOf(sampleRate, dataBytes),
      bytes: dataBytes + headerBytes,
      paused: recorder.paused
    })

    const write: Effect.Effect<Stop, DiskFailed, Scope.Scope> = Effect.gen(function* () {
      const fileName = `${callId}.${id}.wav`
      const row = Effect.map(files.prepare, (folderId) => ({ id, callId, folderId, fileName, sampleRate, startedAt }))
      const file = Effect.flatMap(files.create(fileName), (opened) => wavFile(opened, sampleRate))
      const wav = yield* log.begin(row, file, by)
      yield* Deferred.succeed(begun, undefined)
      const sized = Effect.suspend(() => (dataBytes > maxDataBytes ? end("size_limit", "gateway") : Effect.void))
      return yield* writeBlocks(recorder, wav, now, Effect.andThen(sized, Deferred.await(stopped)), (bytes) => {
        dataBytes = bytes
      })
    })

    const failure = Effect.fnUntraced(function* (error: DiskFailed) {
      yield* end("stopped", "gateway")
      yield* Deferred.fail(begun, error)
      yield* Metric.update(failedRecordings, 1)
      yield* Effect.logError(`A call is not recorded any more: ${error.message}`)
      yield* log.failed(result(), error)
    })

    const recording = Effect.raceFirst(Effect.scoped(write), Deferred.await(failed)).pipe(
      Effect.catchDefect((defect) => Effect.andThen(Effect.logError("A recording broke off", defect), broken)),
      Effect.matchEffect({
        onSuccess: (stop) => log.finished(result(), stop.reason, stop.by),
        onFailure: failure
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
      pause: (source) =>
        Effect.suspend(() => {
          if (isOver || recorder.isPaused) return Effect.void
          recorder.pause(now())
          return log.paused("recording.paused", recorder.paused, recorder.elapsedMs(now()), source)
        }),
      resume: (source) =>
        Effect.suspend(() => {
          if (isOver || !recorder.isPaused) return Effect.succeed(true)
          if (recorder.paused.length >= maxPauses) return Effect.succeed(false)
          recorder.resume(now())
          return Effect.as(log.paused("recording.resumed", recorder.paused, recorder.elapsedMs(now()), source), true)
        }),
      stop: end,
      begun: Deferred.await(begun),
      noted: log.settled,
      finished: Deferred.await(finished)
    }
    live.set(id, made)
    yield* FiberSet.run(running, recording, { startImmediately: true })
    return made
  })
})
