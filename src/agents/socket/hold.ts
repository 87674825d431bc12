import type { WebSocket } from "ws"
import { type Arrival, arrivals } from "./arrivals.ts"

/** What an agent may say before anybody listens, bytes: 8 s of its audio at 16 kHz. Over it the connection is not read. */
export const maxHeldBytes = 256 * 1024

/** An open connection that nobody listens to yet. */
export interface HeldSocket {
  /** Listens to the connection from now on; what came meanwhile is delivered first. Gives the way to stop. */
  readonly begin: (listener: (arrival: Arrival) => void) => () => void
  /** The code with which the other side closed the connection meanwhile (RFC 6455, section 7.1.5). */
  readonly closedWith: () => number | undefined
  /** Whether so much came already that the connection is not read now. */
  readonly isFull: () => boolean
}

/** Keeps what comes over a connection until `begin`. It is read meanwhile, so that pings are answered and its end is seen. */
export const hold = (socket: WebSocket): HeldSocket => {
  const early: Array<Arrival> = []
  let bytes = 0
  let closedWith: number | undefined
  const isFull = () => bytes >= maxHeldBytes
  const keep = arrivals((arrival) => {
    early.push(arrival)
    bytes += arrival.data.length
    if (isFull()) socket.pause()
  })
  socket.on("message", keep).once("close", (code: number) => {
    closedWith = code
  })
  socket.resume()
  return {
    closedWith: () => closedWith,
    isFull,
    begin: (listener) => {
      const onMessage = arrivals(listener)
      socket.off("message", keep).on("message", onMessage)
      socket.resume()
      early.splice(0).forEach(listener)
      bytes = 0
      return () => {
        socket.off("message", onMessage)
      }
    }
  }
}
