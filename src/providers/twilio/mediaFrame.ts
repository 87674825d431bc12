import type { AudioChunk } from "../../Audio.ts"

/**
 * Audio from base64 (RFC 4648, section 4, with padding). Undefined when a character is not of the alphabet or the length is
 * no multiple of four: the decoder of Node skips what it does not know, which the number of bytes gives away.
 */
export const audioFromBase64 = (payload: string): AudioChunk | undefined => {
  const { length } = payload
  const padding = payload.endsWith("==") ? 2 : payload.endsWith("=") ? 1 : 0
  const chunk = Buffer.from(payload, "base64")
  return chunk.length === (length / 4) * 3 - padding ? chunk : undefined
}

/** A media message of the caller's track as Twilio writes it, character for character. */
const inboundMedia =
  /^\{"event":"media","sequenceNumber":"\d+","media":\{"track":"inbound","chunk":"\d+","timestamp":"\d+","payload":"([^"]+)"\},"streamSid":"[0-9A-Za-z]+"\}$/

/**
 * The audio of a media message that is laid out exactly as Twilio writes it, in half the time of a JSON parser: fifty of them
 * come per second and call. Undefined for everything else, well-formed or not: that goes to the parser.
 */
export const inboundAudio = (bytes: Buffer): AudioChunk | undefined => {
  const payload = inboundMedia.exec(bytes.toString("latin1"))?.[1]
  return payload === undefined ? undefined : audioFromBase64(payload)
}
