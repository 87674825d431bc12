import type { RawData } from "ws"

/** A message of the agent as it arrived. */
export interface Arrival {
  readonly data: Buffer
  readonly binary: boolean
}

/** Gives messages to the listener as bytes. */
export const arrivals = (listener: (arrival: Arrival) => void) => (data: RawData, binary: boolean) => {
  if (Buffer.isBuffer(data)) listener({ data, binary })
}
