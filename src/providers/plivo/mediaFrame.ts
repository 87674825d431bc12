import type { AudioChunk } from "../../Audio.ts"
import { audioFromBase64 } from "../../transport/base64Audio.ts"

/** A media message of the caller's track in the layout of Plivo's documents. Figures are numbers, or digits in quotes. */
const inboundMedia =
  /^\{"event":"media","sequenceNumber":(?:0|[1-9]\d*|"\d+"),"streamId":"[0-9A-Za-z-]+","media":\{"track":"inbound","timestamp":(?:0|[1-9]\d*|"\d+"),"chunk":(?:0|[1-9]\d*|"\d+"),"payload":"([^"]+)"\}(?:,"extra_headers":"[ !#-[\]-~]*")?\}$/

/**
 * The audio of a media message that is laid out exactly so, without a JSON parser: fifty of them come per second and call.
 * Undefined for everything else, well-formed or not: that goes to the parser.
 */
export const inboundAudio = (bytes: Buffer): AudioChunk | undefined => {
  const payload = inboundMedia.exec(bytes.toString("latin1"))?.[1]
  return payload === undefined ? undefined : audioFromBase64(payload)
}
