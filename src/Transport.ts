import type { Effect, Stream } from "effect"
import { Schema } from "effect"
import type { AudioChunk, AudioFormat } from "./Audio.ts"

/** A media socket broke its handshake or its protocol, or went away. `code` is the WebSocket close code that we used or got. */
export class TransportError extends Schema.TaggedError<TransportError>()("TransportError", {
  reason: Schema.Literals(["handshake-timeout", "wrong-call", "protocol-abuse", "silent-peer", "closed", "stalled"]),
  message: Schema.String,
  code: Schema.Finite
}) {}

/** What the carrier said about the stream when it opened. */
export interface TransportInfo {
  readonly providerCallId: string
  readonly streamId: string
  /** The format of what the carrier sends. */
  readonly incomingFormat: AudioFormat
  /** The format of what the carrier takes. */
  readonly outgoingFormat: AudioFormat
  /** Parameters that travelled with the handshake. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Something that came over the media socket. */
export type MediaEvent =
  | { readonly _tag: "Audio"; readonly chunk: AudioChunk }
  | { readonly _tag: "Digit"; readonly digit: string; readonly durationMs?: number }
  /** Audio queued before the mark has been played (`heardMs` of the utterance), or was thrown away (`cleared`). */
  | { readonly _tag: "Mark"; readonly name: string; readonly heardMs: number; readonly cleared: boolean }
  /** The carrier ended the stream in an orderly way. Nothing follows. */
  | { readonly _tag: "Stopped" }

/**
 * Where the playout stands, in ms of the current utterance (the audio since the line was last silent or cleared):
 * handed to us, sent to the carrier, and heard by the person on the phone.
 */
export interface Playout {
  readonly queuedMs: number
  readonly sentMs: number
  readonly heardMs: number
}

/** What a `clear` threw away. */
export interface Cleared {
  /** ms of the utterance that the person heard. */
  readonly heardMs: number
  /** ms that were queued or sent and will not be heard. */
  readonly droppedMs: number
}

/**
 * Listens in on a call's audio, both ways, as it passes. The functions are called on the media path: they must be quick and
 * must not throw. Times are ms of the clock that the media goes by (`Pacer.now`).
 */
export interface MediaTap {
  /** Called at once where audio of the carrier is still unread: the last 2 s of it, oldest first, up to now. */
  readonly missed: (chunks: ReadonlyArray<AudioChunk>) => void
  /** A chunk came from the carrier, in `info.incomingFormat`. */
  readonly heard: (chunk: AudioChunk, now: number) => void
  /**
   * A frame left for the carrier, in `info.outgoingFormat`; the person hears it from `playsAt` on, as far as we can reckon.
   * Later than `now`: what was sent before it still plays, and it follows without a gap.
   */
  readonly sent: (frame: AudioChunk, playsAt: number, now: number) => void
  /** The last `ms` of what was sent are not heard any more: they were cleared, or the media ended. */
  readonly unheard: (ms: number) => void
}

/**
 * The two-way audio of one call, the same for every carrier. It lives in a Scope; when the Scope closes the socket is
 * closed.
 *
 * The hot path is synchronous: `receive` calls the listener from the socket's own callback, and `playUnsafe` hands a
 * chunk to the paced playout queue. No fiber wakes per frame.
 */
export interface Transport {
  readonly info: TransportInfo
  /**
   * Gives every event to `listener` until the media ends; one listener at a time. While nobody listens, the last 2 s of audio
   * are kept for who comes next.
   * Ends with success when the carrier stopped the stream, fails when the socket broke.
   */
  readonly receive: (listener: (event: MediaEvent) => void) => Effect.Effect<void, TransportError>
  /** Waits for the end of the media without reading it; ends as `receive` does. */
  readonly ended: Effect.Effect<void, TransportError>
  /** `receive` as a stream over a sliding queue of 2 s: when the reader is late the oldest audio is dropped and counted. */
  readonly incoming: Stream.Stream<MediaEvent, TransportError>
  /**
   * Queues audio in `info.outgoingFormat`. False when more than the bound (60 s) would be waiting: the chunk was not
   * taken. After the end of the media it is accepted and thrown away. The chunk must not change afterwards.
   */
  readonly playUnsafe: (chunk: AudioChunk) => boolean
  /** `playUnsafe` that waits for room, and takes a chunk of any length. */
  readonly play: (chunk: AudioChunk) => Effect.Effect<void>
  /**
   * Calls `listener` once, when less than half of the playout queue's bound is waiting or the media has ended: for a
   * producer that was told false.
   */
  readonly onRoom: (listener: () => void) => void
  /**
   * Asks for a `Mark` event when everything queued so far has been heard or thrown away. A carrier that does not answer
   * is not waited for longer than the audio plus 2 s. With 4000 marks outstanding a further one is answered as cleared.
   */
  readonly mark: (name: string) => Effect.Effect<void>
  /**
   * Silences the phone now: drops what is queued, flushes the carrier's buffer, answers outstanding marks as cleared. What
   * is played next fades in over 3 ms.
   */
  readonly clear: Effect.Effect<Cleared>
  /** Plays DTMF digits to the person, where the carrier's stream can. */
  readonly sendDigits?: (digits: string) => Effect.Effect<void>
  /** Waits until everything queued has been heard (or the media ended). Bounded by the length of what is queued plus 2 s. */
  readonly drained: Effect.Effect<void>
  readonly playout: Effect.Effect<Playout>
  /** How often speech that was under way had a gap until now, because its next part came too late. */
  readonly underruns: Effect.Effect<number>
  /** Lets `tap` listen in until the media ends, and gives the way to stop it. */
  readonly tap: (tap: MediaTap) => () => void
  /** Ends the stream from our side with a WebSocket close code. */
  readonly close: (code: number, reason: string) => Effect.Effect<void>
}

/** One WebSocket message: text (its UTF-8) or bytes. */
export interface Frame {
  readonly data: Uint8Array
  readonly binary: boolean
}

/** A message to be sent: a string is text, bytes are binary, and a frame says which of the two it is. */
export type Outgoing = string | Uint8Array | Frame

/** What a carrier's frame means. `Started` completes the handshake, `Ignored` is well-formed but of no interest. */
export type WireEvent =
  | MediaEventOnWire
  | {
      readonly _tag: "Started"
      readonly info: TransportInfo
      /** The carrier's account id as the handshake claims it, where it does. */
      readonly accountId?: string
    }
  | { readonly _tag: "Ignored" }

type MediaEventOnWire =
  | Extract<MediaEvent, { readonly _tag: "Audio" | "Digit" | "Stopped" }>
  /** The carrier says that the audio before our mark was played or flushed. */
  | { readonly _tag: "MarkReached"; readonly name: string }
  /** The carrier has as much audio as it can keep (`hold`), or room again. */
  | { readonly _tag: "FlowControl"; readonly hold: boolean }

/** What we tell the carrier. */
export type WireCommand =
  | { readonly _tag: "Audio"; readonly chunk: AudioChunk }
  | { readonly _tag: "Mark"; readonly name: string }
  | { readonly _tag: "Clear" }
  | { readonly _tag: "Digits"; readonly digits: string }

/**
 * A carrier's media protocol as two pure functions. `decode` gives undefined for a frame that it cannot read (counted;
 * a flood of them closes the socket). `encode` is made once per stream and gives undefined for a command that this
 * carrier does not know.
 */
export interface Serializer {
  readonly decode: (frame: Frame) => WireEvent | undefined
  readonly encode: (info: TransportInfo) => (command: WireCommand) => Outgoing | undefined
}

/** A WebSocket as the media path needs it. Every callback is synchronous. */
export interface MediaSocket {
  /** Sends a string as text, bytes as a binary message, or bytes as text where `binary` is false. */
  readonly send: (message: string | Uint8Array, binary?: boolean) => void
  /** Bytes that `send` accepted and the kernel has not. */
  readonly bufferedAmount: () => number
  readonly isOpen: () => boolean
  /** Registers the only listener; frames that came before are delivered first. */
  readonly listen: (on: {
    readonly frame: (frame: Frame) => void
    readonly close: (code: number, reason: string) => void
  }) => void
  /** Sends a ping; `alive` is called when the pong comes. */
  readonly ping: (alive: () => void) => void
  readonly close: (code: number, reason: string) => void
  /** Cuts the connection without a closing handshake. */
  readonly terminate: () => void
}

/** Which call a media socket was opened for: the handshake must agree with what is known. */
export interface MediaCall {
  readonly callId: string
  readonly providerCallId: string | undefined
  readonly accountId: string | undefined
  /** How long the carrier may take to say which call it is, ms, where that is longer than usual: the phone still rings. */
  readonly handshakeMs?: number
}
