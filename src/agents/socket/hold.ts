import type { WebSocket } from "ws"
import { type Arrival, arrivals } from "./arrivals.ts"

/** An open connection that nobody reads yet. */
export interface HeldSocket {
  /** Reads the connection from now on; what came meanwhile is delivered first. Gives the way to stop. */
  readonly begin: (listener: (arrival: Arrival) => void) => () => void
  /** The code with which the other side closed the connection meanwhile (RFC 6455, section 7.1.5). */
  readonly closedWith: () => number | undefined
}

/** Stops reading a connection until `begin`, and keeps what was read already. */
export const hold = (socket: WebSocket): HeldSocket => {
  const early: Array<Arrival> = []
  let closedWith: number | undefined
  const keep = arrivals((arrival) => early.push(arrival))
  socket.on("message", keep).once("close", (code: number) => {
    closedWith = code
  })
  socket.pause()
  return {
    closedWith: () => closedWith,
    begin: (listener) => {
      const onMessage = arrivals(listener)
      socket.off("message", keep).on("message", onMessage)
      socket.resume()
      early.splice(0).forEach(listener)
      return () => {
        socket.off("message", onMessage)
      }
    }
  }
}
