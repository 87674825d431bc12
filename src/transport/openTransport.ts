import { Array, Cause, Deferred, Duration, Effect, type Pull, type Scope, Stream } from "effect"
import { type AudioChunk, bytesForMs } from "../Audio.ts"
import {
  type MediaCall,
  type MediaEvent,
  type MediaSocket,
  type Serializer,
  type Transport,
  TransportError
} from "../Transport.ts"
import { MediaStream, type OpenMedia } from "./mediaStream.ts"
import { Pacer } from "./pacer.ts"
import { closeCodeOf } from "./webSocket.ts"

/** How a provider's media stream behaves. */
export interface TransportOptions {
  readonly serializer: Serializer
  /** ms of audio in one message that we send. Default 20. */
  readonly frameMs?: number
  /** Frames that may be at the carrier ahead of their time. Default 10; fewer where the carrier cannot flush. */
  readonly leadFrames?: number
  /** How long the carrier may take to say which call it is. Default 5 s. */
  readonly handshakeTimeout?: Duration.Input
  /** How long the carrier may send nothing at all. Default 30 s. */
  readonly idleTimeout?: Duration.Input
  /** Default 10 s; two unanswered pings end the stream. */
  readonly pingEvery?: Duration.Input
  /** Unreadable messages tolerated in 10 s. Default 100. */
  readonly maxMalformed?: number
}

const toMs = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))

/** Everything unread at each pull, so that a late reader wakes once for many events. */
const unreadOf = (stream: MediaStream, media: OpenMedia): Stream.Stream<MediaEvent, TransportError> => {
  const pull: Pull.Pull<Array.NonEmptyReadonlyArray<MediaEvent>, TransportError> = Effect.suspend(() => {
    const events = media.unread.takeAll()
    if (Array.isReadonlyArrayNonEmpty(events)) return Effect.succeed(events)
    return stream.outcome === undefined
      ? Effect.andThen(awaitUnread(stream), pull)
      : Effect.andThen(stream.outcome, Cause.done())
  })
  return Stream.fromPull(Effect.succeed(pull))
}

const awaitUnread = (stream: MediaStream) =>
  Effect.callback<void>((resume) => {
    stream.onUnread = () => resume(Effect.void)
    return Effect.sync(() => {
      stream.onUnread = undefined
    })
  })

const makeTransport = (stream: MediaStream, { info, wire, playout, unread }: OpenMedia): Transport => {
  const { now } = stream.pacer
  const step = bytesForMs(info.outgoingFormat, 1000)
  const room = Effect.callback<void>((resume) => {
    const forget = playout.whenRoom(() => resume(Effect.void))
    return Effect.sync(forget)
  })
  const playInSteps = Effect.fnUntraced(function* (chunk: AudioChunk) {
    for (let at = 0; at < chunk.length; at += step) {
      const part = chunk.subarray(at, at + step)
      while (!stream.play(part)) yield* room
    }
  })
  const sendDigits = (digits: string) =>
    Effect.sync(() => void (stream.isOver || wire.command({ _tag: "Digits", digits })))
  const takesDigits = wire.knows({ _tag: "Digits", digits: "0" })

  return {
    info,
    receive: (listener) =>
      Effect.callback<void, TransportError>((resume) => {
        const forget = stream.listen(listener, resume)
        return Effect.sync(forget)
      }),
    ended: Effect.callback<void, TransportError>((resume) => {
      const forget = stream.whenEnded(resume)
      return Effect.sync(forget)
    }),
    incoming: unreadOf(stream, { info, wire, playout, unread }),
    playUnsafe: (chunk) => stream.play(chunk),
    play: (chunk) => Effect.suspend(() => (stream.play(chunk) ? Effect.void : playInSteps(chunk))),
    onRoom: (listener) => void playout.whenRoom(listener),
    mark: (name) => Effect.sync(() => playout.mark(name, now())),
    clear: Effect.sync(() => playout.clear(now())),
    ...(takesDigits ? { sendDigits } : {}),
    drained: Effect.callback<void>((resume) => {
      const forget = playout.whenDrained(() => resume(Effect.void), now())
      return Effect.sync(forget)
    }),
    playout: Effect.sync(() => playout.figures(now())),
    underruns: Effect.sync(() => playout.underruns),
    tap: (tap) => stream.listenIn(tap),
    close: (code, reason) => Effect.sync(() => stream.stop(code, reason))
  }
}

/**
 * Opens a call's transport over an accepted media socket: waits for the carrier's handshake and compares it with what is
 * known of the call. Fails with `handshake-timeout` (the socket is closed with 4408), `wrong-call` (4401 for the account,
 * 4404 for the call), `protocol-abuse`, or `closed`. With the Scope everything ends: the socket is closed, the pacer
 * forgets it, whoever waits goes on.
 */
export const openTransport: (
  socket: MediaSocket,
  call: MediaCall,
  options: TransportOptions
) => Effect.Effect<Transport, TransportError, Scope.Scope | Pacer> = Effect.fnUntraced(
  function* (socket, call, options) {
    const pacer = yield* Pacer
    const context = yield* Effect.context<never>()
    const handshakeTimeout = call.handshakeMs ?? options.handshakeTimeout ?? "5 seconds"
    const streamOptions = {
      serializer: options.serializer,
      frameMs: options.frameMs ?? 20,
      leadFrames: options.leadFrames ?? 10,
      idleMs: Math.max(toMs(options.idleTimeout ?? "30 seconds"), call.handshakeMs ?? 0),
      pingMs: toMs(options.pingEvery ?? "10 seconds"),
      maxMalformed: options.maxMalformed ?? 100
    }
    const opened = yield* Deferred.make<OpenMedia, TransportError>()
    const stream = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new MediaStream(socket, call, streamOptions, pacer, context, (result) => Deferred.doneUnsafe(opened, result))
      ),
      (stream, exit) => Effect.sync(() => stream.stop(closeCodeOf(exit), ""))
    )
    const media = yield* Deferred.await(opened).pipe(
      Effect.timeoutOrElse({
        duration: handshakeTimeout,
        orElse: () =>
          Effect.suspend(() => {
            const late = new TransportError({
              reason: "handshake-timeout",
              message: `The carrier did not say within ${Duration.format(Duration.fromInputUnsafe(handshakeTimeout))} which call this media socket is for.`,
              code: 4408
            })
            stream.stop(4408, "handshake timeout", Effect.fail(late))
            return Effect.fail(late)
          })
      })
    )
    return makeTransport(stream, media)
  }
)
