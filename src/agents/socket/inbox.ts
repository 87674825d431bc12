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
}

/** Audio and control of an agent, carried out strictly in the order in which they came. */
export interface Inbox {
  readonly audio: (chunk: AudioChunk) => void
  readonly control: (act: Effect.Effect<void>) => void
  /** As `control`, and audio that still waits before it is thrown away, so that it need not wait for room. */
  readonly clear: (act: Effect.Effect<void>) => void
  /** Whether the connection is not read now, because the phone is behind. */
  readonly isWaiting: () => boolean
  /** Audio that waits here for room, bytes. */
  readonly waitingBytes: () => number
  /** From now on nothing is carried out any more. */
  readonly stop: () => void
}

/**
 * Nothing is copied and no fiber wakes while there is room. Without room the connection is read on until `aheadBytes` of
 * audio wait here, for protocols whose other messages must not wait behind audio; then it is not read, so what waits is
 * bounded by that and by what one read of the socket had brought already.
 */
export const makeInbox = (ports: InboxPorts, aheadBytes = 0): Inbox => {
  let items: Array<Item> = []
  let waitingBytes = 0
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
        items.shift()
        proceed()
      })
      return false
    }
    return true
  }

  const readOrNot = () => {
    const shouldRead = stopped || waitsFor === "nothing" || (waitsFor === "room" && waitingBytes <= aheadBytes)
    if (shouldRead === reading) return
    reading = shouldRead
    if (reading) ports.resume()
    else ports.pause()
  }

  const proceed = () => {
    waitsFor = "nothing"
    for (let next = items[0]; next !== undefined; next = items[0]) {
      if (!carryOut(next)) break
      items.shift()
      if (next._tag === "Audio") waitingBytes -= next.chunk.length
    }
    readOrNot()
  }

  const add = (item: Item) => {
    if (stopped) return
    items.push(item)
    if (item._tag === "Audio") waitingBytes += item.chunk.length
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
      items = items.filter((item) => item._tag === "Control")
      waitingBytes = 0
      items.push({ _tag: "Control", act })
      if (waitsFor !== "control") proceed()
    },
    isWaiting: () => waitsFor === "room" && !reading,
    waitingBytes: () => waitingBytes,
    stop: () => {
      stopped = true
      items = []
      waitingBytes = 0
      if (!reading) ports.resume()
      reading = true
    }
  }
}
