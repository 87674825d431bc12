import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { PeakFinder } from "../recording/peaks.ts"
import { type RecordedAudio, RecordingArchive } from "../recording/RecordingArchive.ts"
import type { Recording } from "../recording/RecordingStore.ts"
import { durationOf, headerBytes } from "../recording/wavFile.ts"
import { CallHistory } from "../telephony/CallHistory.ts"
import { Operating } from "../telephony/Operating.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { byteRange } from "./byteRange.ts"
import { notFound } from "./callProblems.ts"
import { audioGone, diskFailed, recordingNotFound, recordingRefused, stillRecording } from "./recordingProblems.ts"
import { RangeNotSatisfiable } from "./recordings.ts"
import { databaseAway } from "./refused.ts"

const shown = (callId: string) => (recording: Recording) => ({
  id: recording.id,
  call_id: callId,
  state: recording.state,
  sample_rate: recording.sampleRate,
  started_at: recording.startedAt,
  ended_at: recording.endedAt ?? null,
  duration_ms: recording.durationMs ?? null,
  bytes: recording.bytes ?? null,
  paused: recording.paused.map(({ fromMs, toMs }) => ({ from_ms: fromMs, to_ms: toMs ?? null })),
  error: recording.error ?? null,
  deleted_at: recording.deletedAt ?? null
})

/** The file, or the part that was asked for. */
const answer = ({ bytes, read, recording }: RecordedAudio, header: string | undefined) => {
  const range = byteRange(header, bytes)
  if (range === "unsatisfiable")
    return Effect.fail(
      new RangeNotSatisfiable({ code: "range_not_satisfiable", detail: `The file has ${bytes} bytes.` })
    )
  const { length, offset } = range ?? { offset: 0, length: bytes }
  return Effect.succeed(
    HttpServerResponse.stream(read(offset, length), {
      status: range === undefined ? 200 : 206,
      contentType: "audio/wav",
      contentLength: length,
      headers: {
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "content-disposition": `attachment; filename="${recording.fileName}"`,
        ...(range === undefined ? {} : { "content-range": `bytes ${offset}-${offset + length - 1}/${bytes}` })
      }
    })
  )
}

export const recordingHandlers = HttpApiBuilder.group(
  Api,
  "recordings",
  Effect.fnUntraced(function* (handlers) {
    const archive = yield* RecordingArchive
    const history = yield* CallHistory
    const operating = yield* Operating

    const owned = Effect.fnUntraced(function* (id: string) {
      const { organizationId } = yield* Caller
      return (yield* history.get(organizationId, id)).id
    })
    const listed = Effect.fnUntraced(function* (callId: string) {
      return { recordings: (yield* archive.ofCall(callId)).map(shown(callId)) }
    })

    return handlers.handleAll({
      list: Effect.fnUntraced(
        function* ({ params }) {
          return yield* listed(yield* owned(params.id))
        },
        Effect.catchTags({ CallNotFound: notFound, SqlError: databaseAway })
      ),
      act: Effect.fnUntraced(
        function* ({ params, payload }) {
          const { organizationId } = yield* Caller
          yield* operating.record(organizationId, params.id, payload.action)
          return yield* listed(yield* owned(params.id))
        },
        Effect.catchTags({ CallNotFound: notFound, RecordingRefused: recordingRefused, SqlError: databaseAway })
      ),
      download: Effect.fnUntraced(
        function* ({ params, headers }) {
          const audio = yield* archive.audio(yield* owned(params.id), params.rid)
          return yield* answer(audio, headers.range)
        },
        Effect.catchTags({
          CallNotFound: notFound,
          RecordingNotFound: recordingNotFound,
          AudioGone: audioGone,
          DiskFailed: diskFailed,
          SqlError: databaseAway
        })
      ),
      peaks: Effect.fnUntraced(
        function* ({ params, query: { buckets = 800 } }) {
          const { bytes, read, recording } = yield* archive.audio(yield* owned(params.id), params.rid)
          const dataBytes = Math.max(0, bytes - headerBytes)
          const finder = new PeakFinder(dataBytes, buckets)
          if (dataBytes > 0)
            yield* Stream.runForEach(read(headerBytes, dataBytes), (piece) => Effect.sync(() => finder.add(piece)))
          return { duration_ms: durationOf(recording.sampleRate, dataBytes), ...finder.peaks }
        },
        Effect.catchTags({
          CallNotFound: notFound,
          RecordingNotFound: recordingNotFound,
          AudioGone: audioGone,
          DiskFailed: diskFailed,
          SqlError: databaseAway
        })
      ),
      remove: Effect.fnUntraced(
        function* ({ params }) {
          yield* archive.remove(yield* owned(params.id), params.rid)
        },
        Effect.catchTags({
          CallNotFound: notFound,
          RecordingNotFound: recordingNotFound,
          StillRecording: stillRecording,
          SqlError: databaseAway
        })
      )
    })
  })
)
