import { Context, Effect, Layer, Option, Schema, type Stream } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { type DiskFailed, RecordingFiles } from "./RecordingFiles.ts"
import { type Recording, RecordingStore } from "./RecordingStore.ts"

/** There is no such recording of this call. */
export class RecordingNotFound extends Schema.TaggedError<RecordingNotFound>()("RecordingNotFound", {
  id: Schema.String
}) {}

/** There is such a recording, but its audio cannot be had here. */
export class AudioGone extends Schema.TaggedError<AudioGone>()("AudioGone", {
  reason: Schema.Literals(["deleted", "elsewhere", "lost"]),
  message: Schema.String
}) {}

/** The recording is still being made. */
export class StillRecording extends Schema.TaggedError<StillRecording>()("StillRecording", {
  message: Schema.String
}) {}

/** A recording's file: its bytes as they are now, also while more is written. */
export interface RecordedAudio {
  readonly recording: Recording
  readonly bytes: number
  readonly read: (offset: number, length: number) => Stream.Stream<Uint8Array, DiskFailed>
}

/** The recordings of calls, as people look at them. */
export class RecordingArchive extends Context.Service<
  RecordingArchive,
  {
    /** The oldest first. */
    readonly ofCall: (callId: string) => Effect.Effect<ReadonlyArray<Recording>, SqlError>
    readonly audio: (
      callId: string,
      id: string
    ) => Effect.Effect<RecordedAudio, RecordingNotFound | AudioGone | DiskFailed | SqlError>
    /** Deletes the audio and keeps the row. What was deleted before stays so. */
    readonly remove: (callId: string, id: string) => Effect.Effect<void, RecordingNotFound | StillRecording | SqlError>
    /** Removes the files of deleted recordings that lie in this node's folder. */
    readonly removeFiles: Effect.Effect<void, DiskFailed | SqlError>
  }
>()("switchboard/RecordingArchive") {
  static readonly layer = Layer.effect(
    RecordingArchive,
    Effect.gen(function* () {
      const store = yield* RecordingStore
      const files = yield* RecordingFiles

      const found = Effect.fnUntraced(function* (callId: string, id: string) {
        const recording = yield* store.find(callId, id)
        return Option.isSome(recording) ? recording.value : yield* new RecordingNotFound({ id })
      })

      const audio = Effect.fn("RecordingArchive.audio")(function* (callId: string, id: string) {
        const recording = yield* found(callId, id)
        const { fileName, folderId, state } = recording
        if (state === "deleted") return yield* deleted
        if ((yield* files.folderId) !== folderId) return yield* elsewhere
        const bytes = yield* files.size(fileName)
        if (bytes === undefined) return yield* lost
        return {
          recording,
          bytes,
          read: (offset: number, length: number) => files.read(fileName, offset, length)
        } satisfies RecordedAudio
      })

      const removeFiles = Effect.gen(function* () {
        const folderId = yield* files.folderId
        if (folderId === undefined) return
        for (const { fileName, id } of yield* store.toRemove(folderId)) {
          yield* files.remove(fileName)
          yield* store.removed(id)
        }
      })

      const remove = Effect.fn("RecordingArchive.remove")(function* (callId: string, id: string) {
        const { state } = yield* found(callId, id)
        if (state === "deleted") return
        if (!(yield* store.remove(id))) return yield* stillRecording
        yield* removeFiles.pipe(
          Effect.catchTags({
            DiskFailed: ({ message }) => Effect.logWarning(`A deleted recording is still on the disk: ${message}`),
            SqlError: ({ message }) => Effect.logWarning(`A deleted recording is still on the disk: ${message}`)
          })
        )
      })

      return RecordingArchive.of({ ofCall: store.ofCall, audio, remove, removeFiles })
    })
  )
}

const deleted = new AudioGone({ reason: "deleted", message: "The recording was deleted." })
const elsewhere = new AudioGone({
  reason: "elsewhere",
  message:
    "The recording lies on the disk of another node. Ask that node, or let all nodes share one folder (SWITCHBOARD_RECORDINGS_DIR)."
})
const lost = new AudioGone({
  reason: "lost",
  message:
    "The recording's file is not in its folder any more: it was moved or deleted by hand, or the recording never began."
})
const stillRecording = new StillRecording({
  message: "The recording is still being made. Stop it first, or wait for the end of the call."
})
