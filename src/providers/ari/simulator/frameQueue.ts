import { type AudioFormat, silence } from "../../../Audio.ts"
import type { MediaFormat } from "./formats.ts"
import type { Release } from "./release.ts"

/** What the driver tells over the media socket, before it is put into words. */
export type DriverEvent =
  | { readonly event: "MEDIA_XOFF" | "MEDIA_XON" | "QUEUE_DRAINED" }
  | { readonly event: "MEDIA_BUFFERING_COMPLETED" | "MEDIA_MARK_PROCESSED"; readonly id: string }

export interface QueueStatus {
  readonly length: number
  readonly full: boolean
  readonly bulk: boolean
  readonly paused: boolean
}

export const xonLevel = 800
export const xoffLevel = 900
const maxLevel = 1000

/**
 * The frame queue of chan_websocket as a pure machine: audio from our side is cut into frames, one of which goes to the
 * bridge at each tick of 20 ms; marks and completions stand in the queue between the frames and are not counted.
 */
export interface FrameQueue {
  /** One binary message. False: the queue was too full and the whole message was thrown away. */
  readonly receive: (bytes: Uint8Array) => boolean
  readonly startBuffering: () => void
  readonly stopBuffering: (id: string) => void
  readonly mark: (id: string) => void
  /** Drops frames, marks, completions and the remainder; a pause stays. */
  readonly flush: () => void
  readonly pause: (paused: boolean) => void
  readonly reportDrained: () => void
  readonly status: () => QueueStatus
  /** The frame of this tick. */
  readonly tick: () => Uint8Array | undefined
  /** Bytes that were thrown away at the ends of messages that are not whole frames. */
  readonly lostBytes: () => number
}

type Item = Uint8Array | Extract<DriverEvent, { readonly id: string }>

const padded = (format: AudioFormat, frame: Uint8Array, bytes: number) => {
  const full = silence(format, bytes)
  full.set(frame)
  return full
}

export const makeFrameQueue = (
  { audio, frameBytes }: MediaFormat,
  release: Release,
  emit: (event: DriverEvent) => void
): FrameQueue => {
  const items: Array<Item> = []
  let length = 0
  let [full, bulk, paused, reporting] = [false, false, false, false]
  let leftOver: Uint8Array = new Uint8Array(0)
  let lost = 0

  const queueFrame = (frame: Uint8Array) => {
    items.push(frame)
    length += 1
    if (full || length < xoffLevel) return
    full = true
    emit({ event: "MEDIA_XOFF" })
  }

  return {
    receive: (bytes) => {
      if (length >= maxLevel) return false
      const whole: Uint8Array = bulk ? Buffer.concat([leftOver, bytes]) : Uint8Array.from(bytes)
      const end = whole.length - (whole.length % frameBytes)
      for (let at = 0; at < end; at += frameBytes) queueFrame(whole.subarray(at, at + frameBytes))
      if (bulk) leftOver = whole.subarray(end)
      else lost += whole.length - end
      return true
    },
    startBuffering: () => {
      bulk = true
    },
    stopBuffering: (id) => {
      bulk = false
      if (leftOver.length > 0) {
        queueFrame(release.hasDirections ? leftOver : padded(audio, leftOver, frameBytes))
        leftOver = new Uint8Array(0)
      }
      items.push({ event: "MEDIA_BUFFERING_COMPLETED", id })
    },
    mark: (id) => void items.push({ event: "MEDIA_MARK_PROCESSED", id }),
    flush: () => {
      items.length = 0
      length = 0
      bulk = false
      leftOver = new Uint8Array(0)
    },
    pause: (value) => {
      paused = value
    },
    reportDrained: () => {
      reporting = true
    },
    status: () => ({ length, full, bulk, paused }),
    lostBytes: () => lost,
    tick: () => {
      if (paused) return undefined
      if (full && length < xonLevel) {
        full = false
        emit({ event: "MEDIA_XON" })
      }
      if (items.length === 0) {
        if (release.sendsLeftOver && leftOver.length > 0) {
          const rest = leftOver
          leftOver = new Uint8Array(0)
          return rest
        }
        if (!reporting) return undefined
        reporting = false
        emit({ event: "QUEUE_DRAINED" })
        return undefined
      }
      for (let item = items.shift(); item !== undefined; item = items.shift()) {
        if (item instanceof Uint8Array) {
          length -= 1
          return item
        }
        emit(item)
      }
      return undefined
    }
  }
}
