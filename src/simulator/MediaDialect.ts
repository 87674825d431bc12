import type { AudioFormat } from "../Audio.ts"

/** One WebSocket message as it goes over the wire: text or bytes. */
export type Wire = string | Uint8Array

/** What our side asked of the carrier, as the carrier reads it. */
export type MediaCommand =
  | { readonly _tag: "Audio"; readonly bytes: Uint8Array }
  | { readonly _tag: "Mark"; readonly name: string }
  | { readonly _tag: "Clear" }
  | { readonly _tag: "Digits"; readonly digits: string }
  /** Our side ends the stream; the carrier closes the socket. */
  | { readonly _tag: "Stop" }
  /** Understood and without effect: what this carrier, or this set-up of it, takes no notice of. */
  | { readonly _tag: "Ignored"; readonly kind: "mark" | "clear"; readonly detail: string }
  /**
   * Not acted upon. `error` is the carrier's code and text, logged once a stream. `cuts`: the carrier cuts the connection over it.
   * `reply`: what it says about it.
   */
  | { readonly _tag: "Invalid"; readonly error: string; readonly cuts?: true; readonly reply?: Wire }

/** A carrier's media protocol, from the carrier's side. Made once per stream; it may count messages. */
export interface MediaDialect {
  readonly format: AudioFormat
  readonly frameMs: number
  /** How much audio the carrier keeps for the phone; more is thrown away. */
  readonly playoutLimitMs: number
  /** What is said before the stream starts. */
  readonly greeting: () => ReadonlyArray<Wire>
  readonly start: (options: { readonly wrongCall: boolean }) => Wire
  /** One frame; `timestampMs` is when it begins, from the start of the stream. */
  readonly audio: (frame: Uint8Array, timestampMs: number) => Wire
  readonly digit: (digit: string) => Wire
  readonly mark: (name: string) => Wire
  /** What is said at the carrier's own end of the stream; undefined: it closes without a word. */
  readonly stop: () => Wire | undefined
  /** What is said after a clear; the marks that were not heard, unless given. */
  readonly cleared?: (unheard: ReadonlyArray<string>) => ReadonlyArray<Wire>
  /** For carriers that confirm a clear `afterMs` later: audio that comes before that is dropped, and `early` is logged. */
  readonly clearing?: { readonly afterMs: number; readonly early: string }
  readonly read: (data: Uint8Array, binary: boolean) => MediaCommand
  /** Error texts, in the carrier's words. */
  readonly errors: {
    /** Our side reads too slowly: audio was dropped. */
    readonly slowReader: string
    /** More audio than the carrier keeps was sent. */
    readonly playoutFull: string
    /** The upgrade was refused or failed. */
    readonly refused: (detail: string) => string
    /** Our side closed the socket with an error code, or the connection broke. */
    readonly broken: (code: number) => string
  }
}

/** Messages that no peer should ever get, for the garbage fault: broken text, broken shapes, bytes, emptiness. */
export const garbage: ReadonlyArray<Wire> = [
  "{",
  "",
  "null",
  "[]",
  '"media"',
  '{"event":7}',
  '{"event":"media"}',
  '{"event":"media","media":null}',
  '{"event":"media","media":{"payload":5}}',
  '{"event":"media","media":{"payload":"****"}}',
  '{"event":"unheard-of","sequenceNumber":"-1"}',
  '{"event":"dtmf","dtmf":{}}',
  Uint8Array.of(0, 255, 1, 254),
  "\u0000\uFFFF"
]
