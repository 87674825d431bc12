/** The bounds of a WebSocket to an agent. Tests shorten them; the service uses `socketLimits`. */
export interface SocketLimits {
  /** For the connection and the WebSocket upgrade together, ms. */
  readonly connectMs: number
  /** Between pings, ms. Two without an answer end the leg. */
  readonly pingMs: number
  /** Audio towards the agent that may wait in our process; what comes after it is dropped, ms of audio. */
  readonly backlogMs: number
  /** How long the backlog may stay full before the agent counts as stalled, ms. */
  readonly stallMs: number
  /** For the closing handshake, ms. */
  readonly closeMs: number
  /** The largest message that is taken; a larger one closes the connection with 1009 (RFC 6455), bytes. */
  readonly maxMessageBytes: number
  /** Messages and audio towards the agent that may wait in our process before it counts as stalled, bytes. */
  readonly maxUnreadBytes: number
}

export const socketLimits: SocketLimits = {
  connectMs: 5_000,
  pingMs: 10_000,
  backlogMs: 2_000,
  stallMs: 5_000,
  closeMs: 1_000,
  maxMessageBytes: 1024 * 1024,
  maxUnreadBytes: 1024 * 1024
}

/** Messages of an agent that cannot be used: so many at once, then this many a second, then the leg ends. */
export const mistakes = { burst: 50, perSecond: 1 }
/** Control messages of an agent, readable or not. More than this is a flood, and the leg ends. */
export const controls = { burst: 1_000, perSecond: 100 }

/**
 * A budget that refills with time. `take` is false when less than the cost (1 unless given) is left; a cost below 0 gives
 * back. `now` gives ms.
 */
export const budget = (size: { readonly burst: number; readonly perSecond: number }, now: () => number) => {
  let left = size.burst
  let at = now()
  return {
    take: (cost = 1): boolean => {
      const time = now()
      left = Math.min(size.burst, left + (Math.max(0, time - at) * size.perSecond) / 1000)
      at = time
      if (left < cost) return false
      left = Math.min(size.burst, left - cost)
      return true
    }
  }
}
