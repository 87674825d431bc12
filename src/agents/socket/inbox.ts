import type { Effect, Fiber } from "effect"
import type { AudioChunk } from "../../Audio.ts"

/** What the agent's messages are turned into, in their order. */
type Item =
  | { readonly _tag: "Audio"; readonly chunk: AudioChunk }
  | { readonly _tag: "Control"; readonly act: Effect.Effect<void> }

/** What an inbox works on. */
export interface InboxPorts {
  /** False: no room for this chunk now. */
  readonly play: (chunk: AudioChunk) => boolean
  /** Calls back once there is room again. */
  readonly onRoom: (listener: () => void) => void
  /** Starts an effect at once; one that does not wait for anything is over when this returns. */
  readonly start: (act: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Stops and goes on reading the agent's connection. */
  readonly pause: () => void
  readonly resume: () => void
  /**
   * Bytes of audio that may wait here before the connection is not read any more: for an agent whose `clear` must be heard
   * however far ahead it is. 0 unless given.
   */
  readonly readAhead?: number
}

/** Audio and control of an agent, carried out strictly in the order in which they came. */
export interface Inbox {
  readonly audio: (chunk: AudioChunk) => void
  readonly control: (act: Effect.Effect<void>) => void
  /** As `control`, and audio that still waits before it is thrown away, so that it need not wait for room. */
  readonly clear: (act: Effect.Effect<void>) => void
  /** Whether the connection is not read now, because the phone is behind or a request is under way. */
  readonly isWaiting: () => boolean
  /** Audio that waits here for room, bytes. */
  readonly waitingBytes: () => number
  /** From now on nothing is carried out any more. */
  readonly stop: () => void
}

/** Items that were carried out and still take up room in the list, before it is cut. */
const maxSpent = 256

/**
 * Nothing is copied and no fiber wakes while there is room. Without room, and with as much audio as may be read ahead, the
 * connection is not read: what waits here is bounded by that and by what one read of the socket had brought already.
 */
export const makeInbox = (ports: InboxPorts): Inbox => {
  const { readAhead = 0 } = ports
  let items: Array<Item> = []
  /** Where the first item stands that was not carried out; those before it are spent. */
  let first = 0
  /** Bytes of the audio among the items. */
  let waiting = 0
  let waitsFor: "nothing" | "room" | "control" = "nothing"
  let reading = true
  let stopped = false

  const carryOut = (item: Item): boolean => {
    if (item._tag === "Audio") {
      if (ports.play(item.chunk)) return true
      waitsFor = "room"
      ports.onRoom(() => {
        if (waitsFor === "room") proceed()
      })
      return false
    }
    const fiber = ports.start(item.act)
    if (fiber.pollUnsafe() === undefined) {
      waitsFor = "control"
      fiber.addObserver(() => {
        shift()
        proceed()
      })
      return false
    }
    return true
  }

  const shift = () => {
    const item = items[first++]
    if (item?._tag === "Audio") waiting -= item.chunk.length
    if (first === items.length) {
      items = []
      first = 0
    } else if (first >= maxSpent && first * 2 >= items.length) {
      items = items.slice(first)
      first = 0
    }
  }

  const mayRead = () => stopped || waitsFor === "nothing" || (waitsFor === "room" && waiting <= readAhead)

  const readOrNot = () => {
    const shouldRead = mayRead()
    if (shouldRead === reading) return
    reading = shouldRead
    if (reading) ports.resume()
    else ports.pause()
  }

  const proceed = () => {
    waitsFor = "nothing"
    for (let next = items[first]; next !== undefined; next = items[first]) {
      if (!carryOut(next)) break
      shift()
    }
    readOrNot()
  }

  const add = (item: Item) => {
    if (stopped) return
    items.push(item)
    if (item._tag === "Audio") waiting += item.chunk.length
    if (waitsFor === "nothing") proceed()
    else readOrNot()
  }

  return {
    audio: (chunk) => {
      if (waitsFor === "nothing" && !stopped && ports.play(chunk)) return
      add({ _tag: "Audio", chunk })
    },
    control: (act) => add({ _tag: "Control", act }),
    clear: (act) => {
      if (stopped) return
      items = items.slice(first).filter((item) => item._tag === "Control")
      items.push({ _tag: "Control", act })
      first = 0
      waiting = 0
      if (waitsFor !== "control") proceed()
    },
    isWaiting: () => !reading,
    waitingBytes: () => waiting,
    stop: () => {
      stopped = true
      items = []
      first = 0
      waiting = 0
      readOrNot()
    }
  }
}
