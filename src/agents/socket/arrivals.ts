import type { RawData, WebSocket } from "ws"

/** A message of the agent as it arrived. */
export interface Arrival {
  readonly data: Buffer
  readonly binary: boolean
}

/** Gives messages to the listener as bytes. */
export const arrivals = (listener: (arrival: Arrival) => void) => (data: RawData, binary: boolean) => {
  if (Buffer.isBuffer(data)) listener({ data, binary })
}

/**
 * Stops reading the connection until somebody listens. Gives the way to begin: what came meanwhile is delivered first. That
 * gives the way to stop.
 */
export const hold = (socket: WebSocket) => {
  const early: Array<Arrival> = []
  const keep = arrivals((arrival) => early.push(arrival))
  socket.on("message", keep)
  socket.pause()
  return (listener: (arrival: Arrival) => void): (() => void) => {
    const onMessage = arrivals(listener)
    socket.off("message", keep).on("message", onMessage)
    socket.resume()
    early.splice(0).forEach(listener)
    return () => {
      socket.off("message", onMessage)
    }
  }
}
