import { Effect } from "effect"
import type { AudioGone, RecordingNotFound, StillRecording } from "../recording/RecordingArchive.ts"
import type { DiskFailed } from "../recording/RecordingFiles.ts"
import type { RecordingRefused } from "../telephony/Operating.ts"
import { RecordingMissing, RecordingNotPossible, RecordingUnavailable } from "./recordings.ts"

const missing = Effect.fail(
  new RecordingMissing({ code: "recording_not_found", detail: "There is no such recording of this call." })
)
export const recordingNotFound: (error: RecordingNotFound) => typeof missing = () => missing

const goneCodes = {
  deleted: "recording_deleted",
  elsewhere: "recording_elsewhere",
  lost: "recording_lost"
} as const

export const audioGone = ({ message, reason }: AudioGone) =>
  Effect.fail(new RecordingMissing({ code: goneCodes[reason], detail: message }))

export const stillRecording = ({ message }: StillRecording) =>
  Effect.fail(new RecordingNotPossible({ code: "still_recording", detail: message }))

export const diskFailed = ({ message }: DiskFailed) =>
  Effect.andThen(
    Effect.logError(`A recording could not be read: ${message}`),
    Effect.fail(
      new RecordingUnavailable({
        code: "disk_unavailable",
        detail: "The disk of the recordings cannot be read now. The service's log says why."
      })
    )
  )

const refusedCodes = {
  over: "call_over",
  "not-connected": "call_not_connected",
  refused: "recording_refused"
} as const

export const recordingRefused = ({
  message,
  reason
}: RecordingRefused): Effect.Effect<never, RecordingNotPossible | RecordingUnavailable> =>
  reason === "unanswered"
    ? Effect.fail(new RecordingUnavailable({ code: "node_unanswered", detail: message }))
    : Effect.fail(new RecordingNotPossible({ code: refusedCodes[reason], detail: message }))
