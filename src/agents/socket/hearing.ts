import { WebSocket } from "ws"
import { type AudioChunk, type AudioFormat, bytesForMs } from "../../Audio.ts"
import { converter } from "../../audio/converter.ts"
import type { SocketLimits } from "./limits.ts"

/** The caller's audio on its way to the agent. */
export interface Hearing {
  /** Sends a chunk, or drops it where the agent is more than the backlog behind. False when it stalled for good. */
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

/**
 * Sends what the carrier brings in the agent's format, from the callback that brings it. An agent that reads too slowly
 * loses audio rather than delaying it or filling our memory.
 */
export const makeHearing = (
  { expansion = 1, formats, now, socket, send = (audio) => socket.send(audio) }: HearingPorts,
  limits: Pick<SocketLimits, "backlogMs" | "stallMs">
): Hearing => {
  const { convert } = converter(formats.from, formats.to)
  const most = bytesForMs(formats.to, limits.backlogMs) * expansion
  let fullSince: number | undefined
  let sent = 0
  let dropped = 0
  return {
    hear: (chunk) => {
      const audio = convert(chunk)
      if (audio.length === 0 || socket.readyState !== WebSocket.OPEN) return true
      if (socket.bufferedAmount <= most) {
        fullSince = undefined
        sent += 1
        send(audio)
        return true
      }
      dropped += 1
      fullSince ??= now()
      return now() - fullSince < limits.stallMs
    },
    counts: () => ({ sent, dropped })
  }
}
