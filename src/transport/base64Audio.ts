import type { AudioChunk } from "../Audio.ts"

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
