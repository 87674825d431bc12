import { Deferred, Effect, Option, Redacted, Schema, type Scope, Semaphore } from "effect"
import type { RecordingAction, RecordingNotDone } from "../agents/AgentSpec.ts"
import { CallSettings } from "../agents/callSettings/callSettings.ts"
import { Agents } from "../organizations/Agents.ts"
import type { LiveRecording } from "../recording/liveRecording.ts"
import type { RecordingActor } from "../recording/RecordingHost.ts"
import { Recordings } from "../recording/Recordings.ts"
import type { Transport } from "../Transport.ts"
import type { Call } from "./Call.ts"
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

const decodeSettings = Schema.decodeUnknownOption(CallSettings)

/** Makes the recording of a call, in the call's scope, once its transport is open: it begins by itself where that is wanted. */
export const callRecording = Effect.gen(function* () {
  const agents = yield* Agents
  const recordings = yield* Recordings

  /** An agent that cannot be read will not get its call, either. */
  const isWanted = ({ agentId, organizationId, record }: Call): Effect.Effect<boolean> => {
    if (record !== undefined || agentId === undefined) return Effect.succeed(record ?? false)
    return agents.load(organizationId, agentId).pipe(
      Effect.map(({ settings }) => decodeSettings(Redacted.value(settings))),
      Effect.map(Option.exists(({ recording }) => recording?.enabled === true)),
      Effect.orElseSucceed(() => false)
    )
  }

  return Effect.fnUntraced(function* (
    call: Call,
    transport: Transport
  ): Effect.fn.Return<CallRecording, never, Scope.Scope> {
    let current: LiveRecording | undefined
    let isOver = false
    /** Whether the call is recorded by itself was found out, and done. */
    const decided = yield* Deferred.make<void>()
    const inTurn = yield* Semaphore.make(1)
    const running = () => (current?.isOver() === false ? current : undefined)

    const resume = (recording: LiveRecording, by: RecordingActor) =>
      Effect.map(recording.resume(by), (resumed) => (resumed ? undefined : stuck))
    const change = Effect.fnUntraced(
      function* (action: RecordingAction, by: RecordingActor) {
        if (isOver) return over
        const recording = running()
        if (action === "start" && recording === undefined) {
          current = yield* recordings.begin({ callId: call.id, transport, by })
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
    const asked = (action: RecordingAction, by: RecordingActor) =>
      Effect.andThen(Deferred.await(decided), change(action, by))

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
    yield* isWanted(call).pipe(
      Effect.flatMap((wanted) => (wanted ? change("start", "gateway") : Effect.void)),
      Effect.ensuring(Deferred.succeed(decided, undefined)),
      Effect.forkScoped
    )

    return {
      act: (action) => asked(action, "agent"),
      command: (action) =>
        Effect.flatMap(asked(action, "operator"), (notDone) =>
          notDone === undefined ? outcome(action, current) : Effect.succeed({ ok: false, detail: notDone.message })
        )
    }
  })
})
