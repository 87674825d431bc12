import { WebSocket } from "ws"
import { type AudioChunk, type AudioFormat, bytesForMs } from "../../Audio.ts"
import { converter } from "../../audio/converter.ts"
import { FrameQueue } from "../../transport/frameQueue.ts"
import type { SocketLimits } from "./limits.ts"

/** The caller's audio on its way to the agent. */
export interface Hearing {
  /** Sends a chunk, or keeps it where the agent is behind. False when the agent has taken nothing for too long. */
  readonly hear: (chunk: AudioChunk) => boolean
  /** Chunks that were sent and dropped so far. */
  readonly counts: () => { readonly sent: number; readonly dropped: number }
}

/** Where the caller's audio goes. */
export interface HearingPorts {
  readonly socket: Pick<WebSocket, "bufferedAmount" | "readyState" | "send">
  /** The format of what the carrier sends, and of what the agent takes. */
  readonly formats: { readonly from: AudioFormat; readonly to: AudioFormat }
  /** Sends audio in the agent's format; as a binary message unless given. */
  readonly send?: (audio: AudioChunk) => void
  /** Bytes on the wire for one byte of audio; 1 unless given. */
  readonly expansion?: number
  /** A clock, ms. */
  readonly now: () => number
}

/** Audio that may be in the socket's own buffer, where it cannot be taken back, ms. */
const inFlightMs = 200

/**
 * Sends what the carrier brings in the agent's format, from the callback that brings it. For an agent that reads too slowly the
 * latest audio is kept, up to `backlogMs`, and the oldest dropped: it loses audio rather than delaying it or filling our memory.
 */
export const makeHearing = (
  { expansion = 1, formats, now, socket, send = (audio) => socket.send(audio) }: HearingPorts,
  limits: Pick<SocketLimits, "backlogMs" | "stallMs">
): Hearing => {
  const { convert } = converter(formats.from, formats.to)
  const inFlight = bytesForMs(formats.to, inFlightMs) * expansion
  const most = bytesForMs(formats.to, limits.backlogMs)
  const waiting = new FrameQueue()
  let waitingBytes = 0
  /** When the agent last took something, or fell behind; undefined while it is not behind. */
  let takenAt: number | undefined
  let sent = 0
  let dropped = 0

  const next = (): AudioChunk | undefined => {
    const oldest = waiting.shift()
    waitingBytes -= oldest?.length ?? 0
    return oldest
  }
  const sendWaiting = () => {
    while (waiting.size > 0 && socket.bufferedAmount <= inFlight) {
      const oldest = next()
      if (oldest === undefined) return
      takenAt = now()
      sent += 1
      send(oldest)
    }
  }
  const keep = (audio: AudioChunk) => {
    takenAt ??= now()
    waiting.push(audio)
    waitingBytes += audio.length
    if (waitingBytes <= most) return true
    while (waitingBytes > most && next() !== undefined) dropped += 1
    return now() - takenAt < limits.stallMs
  }

  return {
    hear: (chunk) => {
      const audio = convert(chunk)
      if (audio.length === 0 || socket.readyState !== WebSocket.OPEN) return true
      if (waiting.size > 0) sendWaiting()
      if (waiting.size > 0 || socket.bufferedAmount > inFlight) return keep(audio)
      takenAt = undefined
      sent += 1
      send(audio)
      return true
    },
    counts: () => ({ sent, dropped })
  }
}
