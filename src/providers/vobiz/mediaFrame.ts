import type { AudioChunk } from "../../Audio.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"

/** A media message of the caller's track as Vobiz writes it, character for character. */
const inboundMedia =
  /^\{"sequenceNumber":\d+,"streamId":"[0-9A-Za-z-]+","event":"media","media":\{"track":"inbound","timestamp":"\d+","chunk":\d+,"payload":"([^"]+)"\},"extra_headers":"\{\}"\}$/

/**
 * The audio of a media message that is laid out exactly as Vobiz writes it, in less time than a JSON parser takes: fifty of them
 * come per second and call. Undefined for everything else, well-formed or not: that goes to the parser.
 */
export const inboundAudio = (bytes: Buffer): AudioChunk | undefined => {
  const payload = inboundMedia.exec(bytes.toString("latin1"))?.[1]
  return payload === undefined ? undefined : audioFromBase64(payload)
}
