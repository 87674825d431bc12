import { Context, Deferred, Effect, Fiber, FiberMap, Layer, type Redacted } from "effect"
import type { RawRequest } from "../carrier/RawRequest.ts"
import type { MediaSocket } from "../Transport.ts"
import { Drain } from "./Drain.ts"
import { type AdmittedCall, mediaAdmission, type UpgradeRefused } from "./mediaAdmission.ts"
import { type Ending, hangUp } from "./mediaEnding.ts"
import { mediaSession } from "./mediaSession.ts"
import { PreparedAgents } from "./PreparedAgents.ts"

/** The media side of calls that this node holds. */
export class MediaSessions extends Context.Service<
  MediaSessions,
  {
    /**
     * Decides about an upgrade request: checks the ticket, the call and the carrier's signature, and uses the ticket up.
     * Gives the effect that runs the call over the accepted socket until it ends; that effect never fails, and leaves
     * nothing behind. Http.ts runs it in a scope of its own.
     */
    readonly admit: (
      ticket: Redacted.Redacted<string>,
      upgrade: RawRequest
    ) => Effect.Effect<(socket: MediaSocket) => Effect.Effect<void>, UpgradeRefused>
    /**
     * Takes a call for this node whose media we open at the carrier, who is the server then: at most once per call, like a
     * ticket. Gives the effect that runs the call over the opened socket.
     */
    readonly adopt: (callId: string) => Effect.Effect<(socket: MediaSocket) => Effect.Effect<void>, UpgradeRefused>
    /** How many calls this node holds now. */
    readonly live: Effect.Effect<number>
    /** From now on refuses new upgrades; waits until the live calls ended or the deadline passed, then ends the rest as `drained`. */
    readonly drain: (deadlineMs: number) => Effect.Effect<void>
  }
>()("switchboard/MediaSessions") {
  static readonly layer = Layer.effect(
    MediaSessions,
    Effect.gen(function* () {
      const draining = yield* Drain
      const prepared = yield* PreparedAgents
      const admission = yield* mediaAdmission
      const { run, settled } = yield* mediaSession
      const sessions = yield* FiberMap.make<string, void, never>()
      const stops = new Map<string, Deferred.Deferred<Ending>>()

      const hold = Effect.fnUntraced(function* (admitted: AdmittedCall, socket: MediaSocket) {
        const { id } = admitted.call
        if (FiberMap.hasUnsafe(sessions, id)) {
          return yield* Effect.sync(() => socket.close(1008, "the call has its media already"))
        }
        const stop = yield* Deferred.make<Ending>()
        stops.set(id, stop)
        const session = Effect.ensuring(
          run(admitted, socket, stop),
          Effect.sync(() => stops.delete(id))
        )
        yield* Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(FiberMap.run(sessions, id, session), (fiber) =>
            restore(Fiber.await(fiber)).pipe(Effect.onInterrupt(() => Fiber.interrupt(fiber)))
          )
        )
      })

      const admit = (ticket: Redacted.Redacted<string>, upgrade: RawRequest) =>
        Effect.map(admission.admit(ticket, upgrade), (admitted) => (socket: MediaSocket) => hold(admitted, socket))

      const adopt = (callId: string) =>
        Effect.map(admission.adopt(callId), (admitted) => (socket: MediaSocket) => hold(admitted, socket))

      const drain = Effect.fn("MediaSessions.drain")(function* (deadlineMs: number) {
        yield* draining.begin
        yield* prepared.release
        yield* Effect.timeoutOption(FiberMap.awaitEmpty(sessions), deadlineMs)
        for (const stop of stops.values()) yield* Deferred.succeed(stop, hangUp("drained"))
        yield* Effect.timeoutOption(FiberMap.awaitEmpty(sessions), "10 seconds")
        yield* FiberMap.clear(sessions)
        yield* Effect.timeoutOption(settled, "10 seconds")
      })

      return MediaSessions.of({ admit, adopt, live: FiberMap.size(sessions), drain })
    })
  )
}
