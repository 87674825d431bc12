import { randomUUID } from "node:crypto"
import { Deferred } from "effect"
import type { WebSocket } from "ws"
import { type Converter, converter } from "../../../audio/converter.ts"
import type { FaultOptions } from "../../../simulator/Faults.ts"
import { garbage } from "../../../simulator/MediaDialect.ts"
import type { Channel, Leg } from "./channel.ts"
import { type Control, makeSpeaker, type Speaker } from "./control.ts"
import type { SocketOptions } from "./dialString.ts"
import type { MediaFormat } from "./formats.ts"
import { type FrameQueue, makeFrameQueue } from "./frameQueue.ts"
import { complain, ownerOf, type Pbx } from "./pbx.ts"

/** A channel whose other end is a media socket. */
export interface MediaLeg {
  readonly channel: Channel
  /** The section's name when Asterisk dials, a UUID when it is dialled. */
  readonly connectionId: string
  readonly isServer: boolean
  readonly options: SocketOptions
  readonly format: MediaFormat
  readonly queue: FrameQueue
  readonly speaker: Speaker
  readonly fromTrunk: Converter
  readonly toTrunk: Converter
  /** Whom it was made for, before a bridge tells. */
  readonly guess: Leg | undefined
  /** Completed by the upgrade of our side, when Asterisk is dialled. */
  readonly dialled: Deferred.Deferred<WebSocket>
  /** Completed when the channel is gone. */
  readonly over: Deferred.Deferred<void>
  /** Completed by ANSWER, or at once. */
  readonly answered: Deferred.Deferred<void>
  direction: "both" | "in" | "out"
  socket: WebSocket | undefined
  /** Connected and not over: audio may flow. */
  isStreaming: boolean
  /** The fault: a socket is neither opened nor accepted. */
  neverOpens: boolean
  /** Somebody has been in a bridge with it. */
  wasHeard: boolean
  connectedAt: number
  faults: StreamFaults
  ticks: number
}

/** What goes wrong with one stream, decided when it begins. */
export interface StreamFaults {
  readonly halfOpen: FaultOptions | undefined
  readonly drops: FaultOptions | undefined
  readonly flood: boolean
  readonly garbage: boolean
}

export const noFaults: StreamFaults = { halfOpen: undefined, drops: undefined, flood: false, garbage: false }

export interface NewMediaLeg {
  readonly channel: Channel
  /** The section of websocket_client.conf; undefined: our side dials. */
  readonly section: string | undefined
  readonly options: SocketOptions
  readonly format: MediaFormat
  readonly guess: Leg | undefined
}

/** Above this our side is not reading and audio is dropped, bytes. */
const maxBuffered = 1024 * 1024
const garbageTexts = garbage.filter((wire) => typeof wire === "string")

export const makeMediaLeg = (pbx: Pbx, { channel, format, guess, options, section }: NewMediaLeg): MediaLeg => {
  const { controlFormat, release, trunk } = pbx.settings
  const control: Control = release.takesTransportData ? (options.control ?? controlFormat) : "plain-text"
  const speaker = makeSpeaker(control, release, channel.id)
  const media: MediaLeg = {
    channel,
    connectionId: section ?? randomUUID(),
    isServer: section === undefined,
    options,
    format,
    queue: makeFrameQueue(format, release, (event) => sendText(media, speaker.driver(event))),
    speaker,
    fromTrunk: converter(trunk.audio, format.audio),
    toTrunk: converter(format.audio, trunk.audio),
    guess,
    dialled: Deferred.makeUnsafe(),
    over: Deferred.makeUnsafe(),
    answered: Deferred.makeUnsafe(),
    direction: release.hasDirections ? (options.direction ?? "both") : "both",
    socket: undefined,
    isStreaming: false,
    neverOpens: false,
    wasHeard: false,
    connectedAt: 0,
    faults: noFaults,
    ticks: 0
  }
  channel.media = media
  return media
}

export const sendText = ({ socket }: MediaLeg, text: string | undefined) => {
  if (socket?.readyState === socket?.OPEN && text !== undefined) socket?.send(text)
}

/** One packet of the caller's speech, in the format of the trunk. */
export const sendAudio = (media: MediaLeg, packet: Uint8Array) => {
  const { socket } = media
  if (socket === undefined || socket.readyState !== socket.OPEN || media.direction === "out") return
  const bytes = media.fromTrunk.convert(packet)
  if (bytes.length === 0) return
  for (let copy = 0; copy < (media.faults.flood ? 100 : 1); copy++) {
    if (socket.bufferedAmount > maxBuffered) {
      return complain(ownerOf(media), "chan_websocket: audio was dropped, our side reads too slowly")
    }
    socket.send(bytes)
  }
}

/** The faults of a stream at one tick. True: the stream is dead or half-open, nothing flows. */
export const strikeStream = (pbx: Pbx, media: MediaLeg): boolean => {
  const { faults, socket } = media
  if (socket === undefined) return true
  if (socket.isPaused) return true
  const sinceMs = pbx.monotonicMs() - media.connectedAt
  if (faults.halfOpen !== undefined && sinceMs >= (faults.halfOpen.afterMs ?? 500)) {
    socket.pause()
    complain(ownerOf(media), "the media socket is half-open from now on")
    return true
  }
  if (faults.drops !== undefined && sinceMs >= (faults.drops.afterMs ?? 500)) {
    socket.terminate()
    return true
  }
  if (faults.garbage && media.ticks % 5 === 0) {
    const text = garbageTexts[(media.ticks / 5) % garbageTexts.length]
    sendText(media, text)
  }
  media.ticks += 1
  return false
}
