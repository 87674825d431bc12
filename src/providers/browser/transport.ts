import type { TransportFactory } from "../../ProviderSpec.ts"
import type { MediaSocket } from "../../Transport.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { serializerFor } from "./serializer.ts"

/** RFC 6455: what a browser closes with when its page is left. */
const goingAway = 1001
const orderly = 1000

/** A socket whose peer hangs up by going away: somebody who closes the page, or reloads it, has hung up. */
const pageSocket = (socket: MediaSocket): MediaSocket => ({
  send: (message, binary) => socket.send(message, binary),
  bufferedAmount: () => socket.bufferedAmount(),
  isOpen: () => socket.isOpen(),
  listen: (listener) =>
    socket.listen({
      frame: (frame) => listener.frame(frame),
      close: (code, reason) => listener.close(code === goingAway ? orderly : code, reason)
    }),
  ping: (alive) => socket.ping(alive),
  close: (code, reason) => socket.close(code, reason),
  terminate: () => socket.terminate()
})

/** The media socket of a call: 20 ms in every message, sent at most 200 ms ahead of what is heard. */
export const transport: TransportFactory = (socket, call) =>
  openTransport(pageSocket(socket), call, { serializer: serializerFor(call), frameMs: 20, leadFrames: 10 })
