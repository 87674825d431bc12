import { Clock, DateTime, Deferred, Effect, Exit, Fiber, FiberSet, Metric } from "effect"
import type { CallLine } from "../agents/AgentSpec.ts"
import type { FormValues } from "../Form.ts"
import { Settings } from "../Settings.ts"
import { type MediaSocket, type Transport, TransportError } from "../Transport.ts"
import { Pacer } from "../transport/pacer.ts"
import type { Call } from "./Call.ts"
import { CallCommands } from "./CallCommands.ts"
import { callAnswering } from "./callAnswering.ts"
import { callRecording } from "./callRecording.ts"
import { reference } from "./CarrierDesk.ts"
import { Calls, type NewCallEvent } from "./Calls.ts"
import { HeldCalls } from "./HeldCalls.ts"
import { LiveMedia } from "./live/LiveMedia.ts"
import type { AdmittedCall } from "./mediaAdmission.ts"
import { agentFinder } from "./mediaAgent.ts"
import { commandHandler } from "./mediaCommands.ts"
import { reserveSeconds, ringSeconds } from "./deadlines.ts"
import { connections } from "./mediaConnections.ts"
import { type Ending, endingOf, hangUp, mediaEnding, reconcile } from "./mediaEnding.ts"
import { mediaLine } from "./mediaLine.ts"
import { pressDigits } from "./mediaDigits.ts"
import { persist } from "./mediaNotes.ts"
import type { MediaProgress } from "./mediaProgress.ts"
import { type Note, noteUnderruns, notingClears } from "./mediaQuality.ts"
import { mediaTransfers } from "./mediaTransfers.ts"
import { PreparedAgents } from "./PreparedAgents.ts"

const liveSessions = Metric.gauge("switchboard_media_sessions", {
  description: "Calls whose media this node holds now"
})
const counted = Effect.acquireRelease(Metric.modify(liveSessions, 1), () => Metric.modify(liveSessions, -1))

/** Whether a call that we placed has not been answered, as far as is known. */
const isRinging = ({ direction, status }: Call) =>
  direction === "outbound" && (status === "initiated" || status === "ringing")

/** What the carrier still needs, once its socket is there, before the two sides hear each other. */
const bridged = ({ call, configuration }: AdmittedCall, transport: Transport) =>
  (configuration.provider.mediaOpened ?? (() => Effect.void))({
    ...reference(call),
    providerCallId: transport.info.providerCallId
  }).pipe(
    Effect.mapError(
      ({ message }) =>
        new TransportError({
          reason: "closed",
          message: `The carrier did not connect the media: ${message}`,
          code: 1011
        })
    )
  )

/**
 * `run` runs one call's media from the accepted socket to its end: the carrier's handshake, the agent,
 * the audio, commands, the deadline, and the end towards carrier, database and agent. It never fails. What it opens lives
 * in one Scope, which closes last. Whoever completes `stop` ends the call.
 */
export const mediaSession = Effect.gen(function* () {
  const calls = yield* Calls
  const commands = yield* CallCommands
  const findAgent = yield* agentFinder
  const keepLine = yield* mediaLine
  const recordingOf = yield* callRecording
  const transferring = yield* mediaTransfers
  const pacer = yield* Pacer
  const { maxCallSeconds } = yield* Settings
  const held = yield* HeldCalls
  const live = yield* LiveMedia
  const ending = yield* mediaEnding
  const prepared = yield* PreparedAgents
  /** Work towards carriers and the database that may outlive a session. */
  const settling = yield* FiberSet.make()

  const record = (call: Call, event: Omit<NewCallEvent, "dedupeKey">) => persist(calls.record(call.id, event))
  /** The call's end does not wait until this is written. */
  const note = (call: Call, kind: string, payload: FormValues) =>
    Effect.asVoid(FiberSet.run(settling, record(call, { source: "gateway", kind, payload })))

  const openTransport = Effect.fnUntraced(function* ({ call, configuration }: AdmittedCall, socket: MediaSocket) {
    const accountId = configuration.accountId === "" ? undefined : configuration.accountId
    const transport = yield* configuration.spec
      .transport(socket, {
        callId: call.id,
        providerCallId: call.providerCallId,
        accountId,
        ...(isRinging(call) && configuration.spec.mediaBeforeAnswer === true
          ? { handshakeMs: (ringSeconds + reserveSeconds) * 1000 }
          : {})
      })
      .pipe(Effect.provideService(Pacer, pacer))
    yield* persist(calls.learnProviderCallId(call.id, transport.info.providerCallId)).pipe(
      Effect.andThen(persist(calls.moveMedia(call.id, "streaming"))),
      Effect.forkScoped
    )
    yield* bridged({ call, configuration }, transport)
    return transport
  })

  /** The call's way without anyone's interference. */
  const converse = Effect.fnUntraced(
    function* (admitted: AdmittedCall, socket: MediaSocket, progress: MediaProgress) {
      const { call } = admitted
      const agent = yield* findAgent(call)
      const noted: Note = (kind, details) => note(call, kind, details)
      const answering = callAnswering({ call, now: pacer.now, note: noted })
      progress.answering = answering
      const connect = yield* connections(agent, progress, prepared.take(call.id))
      const first = Effect.tap(connect.first, answering.introduce)
      // Who is called may not pick up at all.
      const early = isRinging(call) ? undefined : yield* Effect.forkScoped(first)
      const transport = notingClears(yield* openTransport(admitted, socket), noted)
      yield* Effect.forkScoped(noteUnderruns(transport, noted))
      progress.transport = transport
      yield* live.show({ callId: call.id, organizationId: call.organizationId, transport })
      const isRecorded = call.record ?? agent.settings.recording?.enabled ?? false
      progress.recording = yield* recordingOf(call.id, transport, isRecorded)
      if (call.direction === "outbound" && agent.settings.answering_machine === "detect")
        yield* answering.listen(transport)
      const line: CallLine = {
        record: (kind, payload) => record(call, { source: "agent", kind, payload }),
        transfer: (wish) => transferring.begin(call.id, wish),
        press: (digits) => pressDigits(admitted, transport, digits),
        recording: progress.recording.act
      }
      return yield* keepLine({
        call,
        settings: agent.settings.line ?? {},
        transport,
        line,
        first: early === undefined ? first : Fiber.join(early),
        again: (attempt) => Effect.tap(connect.again(attempt), answering.introduce),
        note: noted
      })
    },
    (effect, { call }, _socket, progress) =>
      Effect.catchTags(effect, {
        AgentUnreachable: ({ message, reason }) =>
          Effect.as(note(call, "agent.unreachable", { reason, message }), hangUp("agent_unreachable")),
        TransportError: (error) =>
          Effect.logWarning(error.message).pipe(
            Effect.andThen(note(call, "media.failed", { reason: error.reason, message: error.message })),
            // A socket that went away may mean that the person hung up: the carrier knows. The rest is our own verdict.
            Effect.as(
              (error.reason === "closed" ? reconcile : hangUp)(
                progress.transport === undefined ? "media_never_started" : "media_lost"
              )
            )
          )
      })
  )

  const deadline = Effect.fnUntraced(function* (call: Call) {
    const now = yield* Clock.currentTimeMillis
    const since = call.answeredAt === undefined ? now : DateTime.toEpochMillis(call.answeredAt)
    yield* Effect.sleep(Math.max(0, since + maxCallSeconds * 1000 - now))
    return hangUp("max_duration")
  })

  const run = Effect.fn("MediaSession.run")(function* (
    admitted: AdmittedCall,
    socket: MediaSocket,
    stop: Deferred.Deferred<Ending>
  ) {
    const { call } = admitted
    const progress: MediaProgress = { transport: undefined, leg: undefined, recording: undefined, answering: undefined }
    const session = Effect.gen(function* () {
      yield* counted
      yield* commands.serve(call.id, commandHandler(admitted, progress, stop, yield* Effect.scope))
      yield* Effect.logInfo("The media session begins.")
      return yield* Effect.raceAllFirst([converse(admitted, socket, progress), deadline(call), Deferred.await(stop)])
    })
    const end = Effect.fnUntraced(function* (exit: Exit.Exit<Ending>, release: Effect.Effect<void>) {
      const how = endingOf(exit)
      if (how.reason === "internal_error" && Exit.isFailure(exit)) {
        yield* Effect.logError("A defect ended the call.", exit.cause)
      }
      const settle = ending.settle(call, progress.transport?.info.providerCallId, how)
      const work = yield* FiberSet.run(settling, Effect.ensuring(settle, release))
      yield* ending.farewell(call, how, progress.leg, Fiber.await(work))
    })
    yield* Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(held.hold(call.id), (release) =>
        Effect.scoped(Effect.flatMap(Effect.exit(restore(session)), (exit) => end(exit, release)))
      )
    ).pipe(Effect.annotateLogs({ call: call.id, organization: call.organizationId }))
  })

  /** `settled` waits until what sessions left behind towards carriers and the database is done. */
  return { run, settled: FiberSet.awaitEmpty(settling) }
})
