import { Deferred, Effect, Stream } from "effect"
import { type AudioFormat, msOf } from "../../../src/Audio.ts"
import type { MediaEvent, Transport, TransportError } from "../../../src/Transport.ts"

export const mulaw8: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

/** A transport in memory: what is played is kept, time passes only when the test says so. */
export interface FakeTransport {
  readonly transport: Transport
  readonly emit: (event: MediaEvent) => void
  /** The caller hangs up. */
  readonly stop: Effect.Effect<void>
  /** The carrier's socket breaks. */
  readonly break: (error: TransportError) => Effect.Effect<void>
  /** Chunks that were taken and not cleared. */
  readonly played: () => ReadonlyArray<Uint8Array>
  readonly bytes: () => Uint8Array
  readonly byteCount: () => number
  /** How many chunks are taken until `playUnsafe` says false. */
  setRoom: (chunks: number) => void
  /** From now on nothing can be played: a defect. */
  fail: (defect: Error) => void
  /** Whether someone is listening to the media. */
  readonly isHeard: () => boolean
  readonly letDrain: Effect.Effect<void>
}

export const fakeTransport = Effect.fnUntraced(function* (
  options: { readonly format?: AudioFormat; readonly outgoing?: AudioFormat } = {}
) {
  const incomingFormat = options.format ?? mulaw8
  const outgoingFormat = options.outgoing ?? incomingFormat
  const over = yield* Deferred.make<void, TransportError>()
  const drained = yield* Deferred.make<void>()
  const early: Array<MediaEvent> = []
  let listener: ((event: MediaEvent) => void) | undefined
  let played: Array<Uint8Array> = []
  let marks: Array<string> = []
  let broken: Error | undefined
  let room = Number.POSITIVE_INFINITY
  let onRoom: Array<() => void> = []

  const emit = (event: MediaEvent) => {
    if (listener === undefined) early.push(event)
    else listener(event)
  }
  const playUnsafe = (chunk: Uint8Array) => {
    if (broken !== undefined) throw broken
    if (room <= 0) return false
    room -= 1
    played.push(chunk)
    return true
  }
  const setRoom = (chunks: number) => {
    room = chunks
    if (room > 0) for (const wake of onRoom.splice(0)) wake()
  }
  const bytes = () => Buffer.concat(played)
  const msPlayed = () => msOf(outgoingFormat, bytes().length)

  const transport: Transport = {
    info: { providerCallId: "CA1", streamId: "S1", incomingFormat, outgoingFormat, parameters: {} },
    receive: (listen) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          listener = listen
          early.splice(0).forEach(listen)
        }),
        () => Deferred.await(over),
        () =>
          Effect.sync(() => {
            listener = undefined
          })
      ),
    ended: Deferred.await(over),
    incoming: Stream.empty,
    playUnsafe,
    play: (chunk) => Effect.sync(() => void playUnsafe(chunk)),
    onRoom: (wake) => void onRoom.push(wake),
    mark: (name) => Effect.sync(() => void marks.push(name)),
    clear: Effect.sync(() => {
      const droppedMs = msPlayed()
      for (const name of marks) emit({ _tag: "Mark", name, heardMs: 7, cleared: true })
      played = []
      marks = []
      setRoom(1_000)
      return { heardMs: 7, droppedMs }
    }),
    drained: Deferred.await(drained),
    playout: Effect.sync(() => ({ queuedMs: msPlayed(), sentMs: 0, heardMs: 0 })),
    underruns: Effect.succeed(0),
    tap: () => () => {},
    close: () => Effect.void
  }

  const fake: FakeTransport = {
    transport,
    emit,
    stop: Effect.asVoid(Deferred.succeed(over, undefined)),
    break: (error) => Effect.asVoid(Deferred.fail(over, error)),
    played: () => played,
    bytes,
    byteCount: () => played.reduce((sum, chunk) => sum + chunk.length, 0),
    setRoom,
    fail: (defect) => {
      broken = defect
    },
    isHeard: () => listener !== undefined,
    letDrain: Effect.sync(() => {
      for (const name of marks.splice(0)) emit({ _tag: "Mark", name, heardMs: msPlayed(), cleared: false })
    }).pipe(Effect.andThen(Deferred.succeed(drained, undefined)), Effect.asVoid)
  }
  return fake
})
