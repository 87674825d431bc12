import { WebSocket } from "ws"
import { type AudioChunk, type AudioFormat, bytesForMs } from "../../Audio.ts"
import { converter } from "../../audio/converter.ts"
import type { Limits } from "./limits.ts"

/** The caller's audio on its way to the agent. */
export interface Hearing {
  /** Sends a chunk, or drops it where the agent is more than the backlog behind. False when it stalled for good. */
  readonly hear: (chunk: AudioChunk) => boolean
  /** Chunks that were sent and dropped so far. */
  readonly counts: () => { readonly sent: number; readonly dropped: number }
}

/**
 * Sends what the carrier brings in the agent's format, from the callback that brings it. An agent that reads too slowly
 * loses audio rather than delaying it or filling our memory. `now` gives ms.
 */
export const makeHearing = (
  socket: WebSocket,
  formats: { readonly from: AudioFormat; readonly to: AudioFormat },
  limits: Limits,
  now: () => number
): Hearing => {
  const { convert } = converter(formats.from, formats.to)
  const most = bytesForMs(formats.to, limits.backlogMs)
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
        socket.send(audio)
        return true
      }
      dropped += 1
      fullSince ??= now()
      return now() - fullSince < limits.stallMs
    },
    counts: () => ({ sent, dropped })
  }
}
