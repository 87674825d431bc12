import { Effect } from "effect"
import type { AudioFormat } from "../Audio.ts"
import type { SentCallback } from "./Callbacks.ts"
import { makeMouth, type Mouth } from "./Mouth.ts"
import { makePlayout, type Playout } from "./Playout.ts"
import type { CallSnapshot, MediaMessage, SimulatedState } from "./SimulatorModule.ts"

/** One stream of a call: its playout and its clock, which stops when the stream ends. */
export interface StreamRecord {
  readonly playout: Playout
  /** ms since the stream started, at the moment or at a time of the clock that it was opened with; stands still after `end`. */
  readonly elapsedMs: (atMs?: number) => number
  readonly end: () => void
}

/** What the engine knows about one call. Everything that changes it calls `changed`. */
export interface CallRecord {
  state: SimulatedState
  media: CallSnapshot["media"]
  readonly mouth: Mouth
  /** Digits that the person pressed and the stream has not carried yet. */
  readonly digits: Array<string>
  readonly mediaMessages: Array<MediaMessage>
  readonly callbacks: Array<SentCallback>
  readonly answers: Array<string>
  readonly errors: Array<string>
  readonly notes: Array<string>
  /** The ids of the calls whose people this one hears now. */
  togetherWith: ReadonlyArray<string>
  /** The latest stream. */
  stream: StreamRecord | undefined
  readonly changed: () => void
  readonly snapshot: () => CallSnapshot
  readonly until: (condition: (now: CallSnapshot) => boolean) => Effect.Effect<CallSnapshot>
}

/** Starts a stream's record: its clock begins now. `nowMs` is monotonic. */
export const openStream = (options: {
  readonly format: AudioFormat
  readonly jitterMs: number
  readonly playoutLimitMs: number
  readonly nowMs: () => number
}): StreamRecord => {
  const { format, jitterMs, nowMs, playoutLimitMs } = options
  const started = nowMs()
  let stopped: number | undefined
  return {
    playout: makePlayout({ format, jitterMs, limitMs: playoutLimitMs }),
    elapsedMs: (atMs = nowMs()) => Math.max(0, Math.min(atMs, stopped ?? atMs) - started),
    end: () => {
      stopped ??= nowMs()
    }
  }
}

export const makeCallRecord = (options: {
  readonly state: SimulatedState
  readonly format: AudioFormat
  readonly frameMs: number
}): CallRecord => {
  const { format } = options
  const listeners = new Set<() => void>()
  const mouth = makeMouth(format, options.frameMs)
  const nothing = { format, timeline: new Uint8Array(0), played: new Uint8Array(0), spans: [] }

  const record: CallRecord = {
    state: options.state,
    media: "none",
    mouth,
    digits: [],
    mediaMessages: [],
    callbacks: [],
    answers: [],
    errors: [],
    notes: [],
    togetherWith: [],
    stream: undefined,
    changed: () => {
      for (const listener of listeners) listener()
    },
    snapshot: () => {
      const { media, state, stream } = record
      const elapsedMs = stream?.elapsedMs() ?? 0
      const mediaMessages = record.mediaMessages.slice()
      const callbacks = record.callbacks.slice()
      const [answers, errors, notes] = [record.answers.slice(), record.errors.slice(), record.notes.slice()]
      let heard: CallSnapshot["heard"] | undefined
      return {
        state,
        media,
        mediaMessages,
        callbacks,
        answers,
        errors,
        notes,
        togetherWith: record.togetherWith,
        speaking: mouth.speaking(),
        get said() {
          return mouth.said()
        },
        get heard() {
          heard ??= stream?.playout.heard(elapsedMs) ?? nothing
          return heard
        }
      }
    },
    until: (condition) =>
      Effect.callback<CallSnapshot>((resume) => {
        const check = () => {
          const now = record.snapshot()
          if (!condition(now)) return
          listeners.delete(check)
          resume(Effect.succeed(now))
        }
        listeners.add(check)
        check()
        return Effect.sync(() => listeners.delete(check))
      })
  }
  return record
}
