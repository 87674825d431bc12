import type { Frame, MediaSocket } from "../../Transport.ts"
import { clearBegins } from "./serializer.ts"

/** How long the carrier may take to say that its buffer is empty, ms. */
const clearingMs = 1000

type Sending = Parameters<MediaSocket["send"]>

const isCleared = ({ data }: Frame) => Buffer.from(data.buffer, data.byteOffset, data.length).includes('"clearedAudio"')

/**
 * A media socket that keeps back what follows a clear until the carrier says that it has cleared: what arrives before is partly
 * thrown away. The caller's audio, which comes every 20 ms, is the clock of it. `farewell` is sent before a closing.
 */
export const patientSocket = (
  socket: MediaSocket,
  now: () => number,
  farewell: () => string | undefined
): MediaSocket => {
  const kept: Array<Sending> = []
  let until: number | undefined

  const release = () => {
    until = undefined
    for (const sending of kept.splice(0)) socket.send(...sending)
  }

  return {
    send: (...sending) => {
      if (until !== undefined && now() >= until) release()
      const [message] = sending
      if (typeof message === "string" && message.startsWith(clearBegins)) {
        kept.length = 0
        until = now() + clearingMs
        socket.send(...sending)
      } else if (until === undefined) socket.send(...sending)
      else kept.push(sending)
    },
    bufferedAmount: () => socket.bufferedAmount(),
    isOpen: () => socket.isOpen(),
    listen: (listener) =>
      socket.listen({
        frame: (received) => {
          if (until !== undefined && (isCleared(received) || now() >= until)) release()
          listener.frame(received)
        },
        close: (code, reason) => listener.close(code, reason)
      }),
    ping: (alive) => socket.ping(alive),
    close: (code, reason) => {
      const last = farewell()
      if (last !== undefined && socket.isOpen()) socket.send(last)
      socket.close(code, reason)
    },
    terminate: () => socket.terminate()
  }
}
