import type { AudioChunk } from "../../Audio.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"

/** Audio of the caller, and which one of the stream it is. */
export interface NumberedAudio {
  readonly number: number
  readonly chunk: AudioChunk
}

/**
 * A media message of the caller's track, character for character: in the order of the documents, or with its keys sorted, as
 * Telnyx's webhooks have them.
 */
const inboundMedia =
  /^\{"event":"media",(?:"sequence_number":"\d+","stream_id":"[0-9A-Za-z-]+","media":\{"track":"inbound","chunk":"(\d{1,15})","timestamp":"\d+","payload":"([^"]+)"\}\}|"media":\{"chunk":"(\d{1,15})","payload":"([^"]+)","timestamp":"\d+","track":"inbound"\},"sequence_number":"\d+","stream_id":"[0-9A-Za-z-]+"\})$/

/**
 * The audio of a media message that is laid out in one of two ways, in half the time of a JSON parser: fifty of them come per
 * second and call. Undefined for everything else, well-formed or not: that goes to the parser.
 */
export const inboundAudio = (bytes: Buffer): NumberedAudio | undefined => {
  const found = inboundMedia.exec(bytes.toString("latin1"))
  if (found === null) return undefined
  const payload = found[2] ?? found[4]
  const chunk = payload === undefined ? undefined : audioFromBase64(payload)
  return chunk === undefined ? undefined : { number: Number(found[1] ?? found[3]), chunk }
}
