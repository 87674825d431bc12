import { Effect, type Scope, Semaphore } from "effect"
import type { RecordingAction, RecordingNotDone } from "../agents/AgentSpec.ts"
import type { LiveRecording } from "../recording/liveRecording.ts"
import type { RecordingActor } from "../recording/RecordingHost.ts"
import { Recordings } from "../recording/Recordings.ts"
import type { Transport } from "../Transport.ts"
import type { CommandReply } from "./CallCommands.ts"

/** The recording of one call: none, one, or one after the other. */
export interface CallRecording {
  /** Does what the agent asks, at once; disk and database follow. */
  readonly act: (action: RecordingAction) => Effect.Effect<RecordingNotDone | undefined>
  /** Does what an operator asks, and waits until it is on the disk and in the database. */
  readonly command: (action: RecordingAction) => Effect.Effect<CommandReply>
}

/** How long an operator waits for disk and database; shorter than a node waits for the answer. */
const patience = "3 seconds"

const refused = (reason: RecordingNotDone["reason"], message: string): RecordingNotDone => ({ reason, message })
const none = refused("not_recording", "The call is not being recorded.")
const stuck = refused(
  "recording_refused",
  "The recording was paused too often: it stays paused. Stop it and start another one."
)
const over = refused("recording_refused", "The call's media is over.")

/** Makes the recording of a call, in the call's scope, once its transport is open: it begins by itself where that is wanted. */
export const callRecording = Effect.gen(function* () {
  const recordings = yield* Recordings

  return Effect.fnUntraced(function* (
    callId: string,
    transport: Transport,
    isWanted: boolean
  ): Effect.fn.Return<CallRecording, never, Scope.Scope> {
    let current: LiveRecording | undefined
    let isOver = false
    const inTurn = yield* Semaphore.make(1)
    const running = () => (current?.isOver() === false ? current : undefined)

    const resume = (recording: LiveRecording, by: RecordingActor) =>
      Effect.map(recording.resume(by), (resumed) => (resumed ? undefined : stuck))
    const change = Effect.fnUntraced(
      function* (action: RecordingAction, by: RecordingActor) {
        if (isOver) return over
        const recording = running()
        if (action === "start" && recording === undefined) {
          current = yield* recordings.begin({ callId, transport, by })
          return undefined
        }
        if (recording === undefined) return none
        if (action === "start" || action === "resume") return yield* resume(recording, by)
        yield* action === "pause" ? recording.pause(by) : recording.stop("stopped", by)
        return undefined
      },
      Effect.uninterruptible,
      Semaphore.withPermits(inTurn, 1)
    )

    /** What became of it on the disk and in the database. */
    const outcome = (action: RecordingAction, recording: LiveRecording | undefined): Effect.Effect<CommandReply> => {
      if (recording === undefined) return Effect.succeed({ ok: true, detail: "done" })
      const written = action === "stop" ? recording.finished : Effect.andThen(recording.begun, recording.noted)
      return written.pipe(
        Effect.match({
          onFailure: ({ message }) => ({ ok: false, detail: message }),
          onSuccess: () => ({ ok: true, detail: "done" })
        }),
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed({ ok: true, detail: "under way" }) })
      )
    }

    const finish = Effect.suspend(() => {
      isOver = true
      return running()?.stop("media_ended", "gateway") ?? Effect.void
    }).pipe(Semaphore.withPermits(inTurn, 1))
    yield* Effect.addFinalizer(() => finish)
    yield* Effect.forkScoped(Effect.andThen(Effect.ignore(transport.ended), finish))
    if (isWanted) yield* change("start", "gateway")

    return {
      act: (action) => change(action, "agent"),
      command: (action) =>
        Effect.flatMap(change(action, "operator"), (notDone) =>
          notDone === undefined ? outcome(action, current) : Effect.succeed({ ok: false, detail: notDone.message })
        )
    }
  })
})
