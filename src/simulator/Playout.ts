import { type AudioFormat, bytesForMs, bytesPerSample, silence } from "../Audio.ts"

/** What the person on the phone heard. All audio is in `format`. */
export interface Heard {
  readonly format: AudioFormat
  /** From the start of the stream until now (or the stream's end), with silence where nothing was playing. */
  readonly timeline: Uint8Array
  /** The audio that was played, in order, without the silences between. */
  readonly played: Uint8Array
  /** When something was playing: offsets into `timeline` in ms, in order, apart from each other. */
  readonly spans: ReadonlyArray<{ readonly startMs: number; readonly endMs: number }>
}

/**
 * The carrier's playout buffer and the phone behind it, as a pure machine over a clock that the caller reads: times are
 * ms since the stream started, never going back.
 *
 * Audio that arrives on a silent line starts after `jitterMs` (a carrier's jitter buffer); audio that arrives while
 * something plays follows it without a gap. A mark is due when everything queued before it has been played.
 */
export interface Playout {
  /** Queues audio. False: more than `limitMs` would be waiting, and the audio was thrown away. */
  readonly play: (bytes: Uint8Array, nowMs: number) => boolean
  readonly mark: (name: string, nowMs: number) => void
  /** The marks that are due, each given once, in order. */
  readonly due: (nowMs: number) => ReadonlyArray<string>
  /** Throws away what has not been heard; gives every outstanding mark. */
  readonly clear: (nowMs: number) => ReadonlyArray<string>
  /** How much is still to be heard. */
  readonly waitingMs: (nowMs: number) => number
  readonly heard: (nowMs: number) => Heard
}

export const makePlayout = (options: {
  readonly format: AudioFormat
  readonly jitterMs: number
  readonly limitMs: number
}): Playout => {
  const { format, jitterMs, limitMs } = options
  const perMs = (bytesPerSample(format) * format.sampleRate) / 1000
  const at = (ms: number) => bytesForMs(format, ms)
  const pieces: Array<{ readonly start: number; readonly bytes: Uint8Array }> = []
  let marks: Array<{ readonly name: string; readonly due: number }> = []
  let end = 0

  const takeMarks = (upTo: number) => {
    const due = marks.filter((mark) => mark.due <= upTo)
    marks = marks.filter((mark) => mark.due > upTo)
    return due.map((mark) => mark.name)
  }

  return {
    play: (bytes, nowMs) => {
      const now = at(nowMs)
      if (end - now + bytes.length > limitMs * perMs) return false
      const start = end > now ? end : now + at(jitterMs)
      if (bytes.length > 0) pieces.push({ start, bytes: Uint8Array.from(bytes) })
      end = Math.max(end, start + bytes.length)
      return true
    },
    mark: (name, nowMs) => {
      marks.push({ name, due: Math.max(end, at(nowMs)) })
    },
    due: (nowMs) => takeMarks(at(nowMs)),
    clear: (nowMs) => {
      const now = at(nowMs)
      for (let last = pieces.at(-1); last !== undefined && last.start + last.bytes.length > now; last = pieces.at(-1)) {
        pieces.pop()
        if (last.start < now) {
          pieces.push({ start: last.start, bytes: last.bytes.subarray(0, now - last.start) })
          break
        }
      }
      end = Math.min(end, now)
      return takeMarks(Number.POSITIVE_INFINITY)
    },
    waitingMs: (nowMs) => Math.max(0, end - at(nowMs)) / perMs,
    heard: (nowMs) => {
      const now = at(nowMs)
      const timeline = silence(format, now)
      const parts: Array<Uint8Array> = []
      const spans: Array<{ startMs: number; endMs: number }> = []
      for (const piece of pieces) {
        const part = piece.bytes.subarray(0, Math.max(0, now - piece.start))
        if (part.length === 0) break
        timeline.set(part, piece.start)
        parts.push(part)
        const startMs = piece.start / perMs
        const last = spans.at(-1)
        if (last !== undefined && last.endMs === startMs) last.endMs += part.length / perMs
        else spans.push({ startMs, endMs: startMs + part.length / perMs })
      }
      return { format, timeline, played: Buffer.concat(parts), spans }
    }
  }
}
