import { Cause, Effect, Layer, Option, Schedule } from "effect"
import { Settings } from "../Settings.ts"
import { RecordingArchive } from "./RecordingArchive.ts"
import { RecordingFiles } from "./RecordingFiles.ts"
import { RecordingHost } from "./RecordingHost.ts"
import { Recordings } from "./Recordings.ts"
import { type Recording, RecordingStore } from "./RecordingStore.ts"
import { durationOf, repairWav } from "./wavFile.ts"

const interval = "30 seconds"

const rateOf = ({ sampleRate }: Recording) => (sampleRate === 8000 ? 8000 : 16_000)

/** A pause that nobody ended lasted until the end. */
const closed = ({ paused }: Recording, durationMs: number) =>
  paused.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? Math.max(fromMs, durationMs) }))

/** Finishes a recording that its node left behind: its file is put in order and ready, or gone. */
const finish = Effect.fnUntraced(function* (recording: Recording) {
  const files = yield* RecordingFiles
  const store = yield* RecordingStore
  const host = yield* RecordingHost
  const { callId, fileName, id } = recording
  const bytes = yield* files.size(fileName)
  const dataBytes =
    bytes === undefined
      ? 0
      : yield* Effect.scoped(
          Effect.flatMap(files.reopen(fileName), (file) => repairWav(file, rateOf(recording), bytes))
        )
  const durationMs = durationOf(recording.sampleRate, dataBytes)
  const paused = closed(recording, durationMs)
  const lost = bytes === undefined
  const message = "The node that wrote it stopped before it had begun."
  yield* lost
    ? store.finish(id, { state: "failed", durationMs, bytes: 0, paused, error: message })
    : store.finish(id, { state: "ready", durationMs, bytes, paused })
  yield* Effect.logInfo("A recording that was left behind is finished.").pipe(Effect.annotateLogs({ recording: id }))
  if (callId === undefined) return
  yield* lost
    ? host.note(callId, "gateway", "recording.failed", { recording_id: id, reason: "node_lost", message })
    : host.note(callId, "gateway", "recording.stopped", {
        recording_id: id,
        reason: "node_lost",
        duration_ms: durationMs
      })
})

/** One recording that cannot be dealt with does not keep the others waiting. */
const each = <R, E>(work: Effect.Effect<void, E, R>) =>
  Effect.catchCauseIf(
    work,
    (cause) => !Cause.hasInterrupts(cause),
    (cause) => Effect.logWarning("The recordings could not be looked after; the next look tries again", cause)
  )

/** Finishes what a node that is gone left in this node's folder. */
export const finishAbandoned = Effect.gen(function* () {
  const files = yield* RecordingFiles
  const store = yield* RecordingStore
  const { ids } = yield* Recordings
  const folderId = yield* files.folderId
  if (folderId === undefined) return
  const abandoned = yield* store.takeAbandoned(folderId, yield* ids)
  yield* Effect.forEach(abandoned, (recording) => each(finish(recording)), { discard: true })
})

const outOfReach =
  "The node that wrote it is gone, and its folder with it. When a node has the folder again, what was written is put in order."

/** Gives up what a node that is gone left in a folder that nobody has: the call is over, so is its recording. */
export const giveUpUnreachable = Effect.gen(function* () {
  const store = yield* RecordingStore
  const host = yield* RecordingHost
  for (const { callId, id } of yield* store.giveUp(outOfReach)) {
    yield* Effect.logWarning(outOfReach).pipe(Effect.annotateLogs({ recording: id }))
    if (callId !== undefined)
      yield* host.note(callId, "gateway", "recording.failed", {
        recording_id: id,
        reason: "node_lost",
        message: outOfReach
      })
  }
})

/** This node has its folder from now on: what others gave up there is finished after all. */
export const recoverOwn = Effect.gen(function* () {
  const files = yield* RecordingFiles
  const store = yield* RecordingStore
  const folderId = yield* files.folderId
  if (folderId !== undefined) yield* store.recover(folderId)
})

/** Deletes what is older than recordings are kept. Every node may: the files go where they lie. */
export const expire = Effect.gen(function* () {
  const store = yield* RecordingStore
  const archive = yield* RecordingArchive
  const { recordingDays } = yield* Settings
  yield* store.expire(recordingDays)
  yield* archive.removeFiles
})

/**
 * Looks after the recordings every half minute, for the first time at once. On the embedded database there is no other process:
 * whatever is being written there was left behind.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { databaseUrl } = yield* Settings
    const store = yield* RecordingStore
    if (Option.isNone(databaseUrl)) yield* each(store.abandonOthers)
    yield* each(recoverOwn)
    yield* Effect.all([each(finishAbandoned), each(giveUpUnreachable), each(expire)], { discard: true }).pipe(
      Effect.repeat(Schedule.spaced(interval)),
      Effect.forkScoped
    )
  })
)
