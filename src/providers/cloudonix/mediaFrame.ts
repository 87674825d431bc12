import type { AudioChunk } from "../../Audio.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"

/** A media message of the caller's track, laid out as Cloudonix's documents and Twilio's show it: the stream's id before or after. */
const inboundMedia =
  /^\{"event":"media","sequenceNumber":"\d+",(?:"streamSid":"[0-9A-Za-z-]+",)?"media":\{"track":"inbound","chunk":"\d+","timestamp":"\d+","payload":"([^"]+)"\}(?:,"streamSid":"[0-9A-Za-z-]+")?\}$/

/**
 * The audio of a media message in one of the usual layouts, in half the time of a JSON parser: fifty of them come per second and
 * call. Undefined for everything else, well-formed or not: that goes to the parser.
 */
export const inboundAudio = (bytes: Buffer): AudioChunk | undefined => {
  const payload = inboundMedia.exec(bytes.toString("latin1"))?.[1]
  return payload === undefined ? undefined : audioFromBase64(payload)
}
