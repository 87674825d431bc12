import type { AudioChunk } from "../Audio.ts"
import type { Frame } from "../Transport.ts"

/**
 * Makes text messages that consist of `before`, a chunk in base64 (RFC 4648, section 4, with padding) and `after`: audio
 * in JSON. The message is put together as bytes, because fifty of them go out per second and call.
 */
export const base64Message = (before: string, after: string) => {
  const head = Buffer.from(before)
  const tail = Buffer.from(after)
  return (chunk: AudioChunk): Frame => {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const payload = bytes.toString("base64")
    const end = head.length + payload.length
    const data = Buffer.allocUnsafe(end + tail.length)
    data.set(head)
    data.write(payload, head.length, "latin1")
    data.set(tail, end)
    return { data, binary: false }
  }
}
