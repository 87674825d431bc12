import { randomInt } from "node:crypto"
import type { MediaCommand } from "../../../simulator/MediaDialect.ts"
import type { CarrierStream } from "../../../simulator/SimulatorModule.ts"
import { makeSpeaker, readCommand } from "./control.ts"
import { settingsOf } from "./options.ts"

/**
 * The driver's side of one media socket as chan_websocket speaks it with its defaults (Asterisk: chan_websocket). The channel has
 * no name that our side gave it, so it stands for the call itself.
 */
export const makeMediaStream = (): CarrierStream => {
  const { controlFormat, media, packetMs, release } = settingsOf({})
  const providerCallId = `${randomInt(2 ** 31)}.${randomInt(100_000)}`
  const connectionId = "switchboard"
  const speaker = makeSpeaker(controlFormat, release, providerCallId)
  const obeyed = (text: string): MediaCommand => {
    const command = readCommand(text, controlFormat)
    if (typeof command === "string") return { _tag: "Invalid", error: `chan_websocket: ${command} command` }
    if (command.name === "FLUSH_MEDIA") return { _tag: "Clear" }
    return command.name === "MARK_MEDIA"
      ? { _tag: "Mark", name: command.id }
      : { _tag: "Invalid", error: `chan_websocket: ${command.name}` }
  }
  return {
    providerCallId,
    dialect: {
      format: media.audio,
      frameMs: packetMs,
      greeting: () => [],
      start: ({ wrongCall }) =>
        speaker.start({
          connectionId,
          channelName: `WebSocket/${connectionId}/0x7f2c5c00ac30`,
          channelId: wrongCall ? `gone-${providerCallId}` : providerCallId,
          format: media
        }),
      audio: (frame) => frame,
      read: (data, binary) => (binary ? { _tag: "Audio", bytes: data } : obeyed(Buffer.from(data).toString("utf8")))
    }
  }
}
