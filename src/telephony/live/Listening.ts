import { Context, Deferred, Effect, Exit, Layer, Schedule, Schema, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { contained } from "../../recording/liveRecording.ts"
import { Recorder } from "../../recording/recorder.ts"
import type { MediaSocket } from "../../Transport.ts"
import { Pacer } from "../../transport/pacer.ts"
import { CallHistory, type CallNotFound } from "../CallHistory.ts"
import { Node } from "../Node.ts"
import { LiveMedia, type OpenMedia } from "./LiveMedia.ts"

/** Nobody can listen in on the call here and now; `message` says why. */
export class ListeningRefused extends Schema.TaggedError<ListeningRefused>()("ListeningRefused", {
  code: Schema.Literals(["call_on_other_node", "call_has_no_media"]),
  message: Schema.String
}) {}

/** The audio that a listener gets, Hz. */
export const listeningRate = 8000

/** How long after its time audio is passed on, ms: what is interrupted before the person hears it must not be heard here. */
const settleMs = 300

/** One message: at most 100 ms of 16-bit stereo. */
const messageBytes = (listeningRate / 10) * 4

/** Bytes that may wait in a listener's connection; what comes while there are more is left out. */
const mostWaiting = 32 * 1024

/** Listening in on live calls. */
export class Listening extends Context.Service<
  Listening,
  {
    readonly admit: (
      organizationId: string,
      callId: string
    ) => Effect.Effect<OpenMedia, CallNotFound | ListeningRefused | SqlError>
    /**
     * Passes both sides of the call on, from now until the call's media or the socket ends: a text message with the format, then
     * binary ones of 20 to 100 ms, the caller left, the agent right. A slow listener misses audio.
     */
    readonly run: (media: OpenMedia, socket: MediaSocket) => Effect.Effect<void, never, Scope.Scope>
  }
>()("switchboard/Listening") {
  static readonly layer = Layer.effect(
    Listening,
    Effect.gen(function* () {
      const history = yield* CallHistory
      const live = yield* LiveMedia
      const node = yield* Node
      const pacer = yield* Pacer

      const admit = Effect.fn("Listening.admit")(function* (organizationId: string, callId: string) {
        const call = yield* history.get(organizationId, callId)
        // The session of a call that is over may still be on its way out.
        if (call.endedAt !== undefined || call.mediaState === "ended") return yield* hasNoMedia
        const media = live.find(call.id)
        if (media !== undefined) return media
        return yield* call.mediaState !== "none" && call.nodeId !== node.id ? onOtherNode : hasNoMedia
      })

      const run = Effect.fnUntraced(function* (media: OpenMedia, socket: MediaSocket) {
        const { ended, info, tap } = media.transport
        const over = yield* Deferred.make<void>()
        const stop = () => Deferred.doneUnsafe(over, Exit.void)
        const ears = new Recorder(info, pacer.now(), () => {}, { sampleRate: listeningRate, settleMs })
        const block = new Uint8Array(messageBytes)
        const pass = () => {
          for (let length = ears.take(pacer.now(), block); length > 0; length = ears.take(pacer.now(), block)) {
            if (socket.bufferedAmount() < mostWaiting) socket.send(block.slice(0, length))
          }
        }
        let isAlive = true
        const ping = () => {
          if (!isAlive) return socket.terminate()
          isAlive = false
          socket.ping(() => {
            isAlive = true
          })
        }
        socket.listen({ frame: () => {}, close: stop })
        socket.send(JSON.stringify(format))
        yield* Effect.acquireRelease(
          Effect.sync(() => tap(contained(ears, stop))),
          (remove) => Effect.sync(remove)
        )
        yield* Effect.forkScoped(Effect.repeat(Effect.sync(pass), Schedule.fixed("60 millis")))
        yield* Effect.forkScoped(Effect.repeat(Effect.sync(ping), Schedule.spaced("15 seconds")))
        yield* Effect.raceFirst(Effect.ignore(ended), Deferred.await(over))
        ears.stop(pacer.now())
        pass()
      })
      return Listening.of({ admit, run })
    })
  )
}

const format = { type: "format", encoding: "pcm_s16le", sample_rate: listeningRate, channels: 2 }

const onOtherNode = new ListeningRefused({
  code: "call_on_other_node",
  message: "Another node holds the call's media: only there one can listen in."
})
const hasNoMedia = new ListeningRefused({
  code: "call_has_no_media",
  message: "The call's media is not open: there is nothing to hear."
})
