import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import type { MediaSocket } from "../Transport.ts"

/** The first byte of an unfragmented message (RFC 6455, section 5.2). */
const wholeText = 0x81
const wholeBinary = 0x82

/** The longest payload whose length fits the head's second byte, and the longest that fits the two bytes after it. */
const shortest = 125
const longest = 0xffff

/** A message as one unmasked frame. */
const frameOf = (message: Uint8Array, first: number): Uint8Array => {
  const { length } = message
  const isShort = length <= shortest
  const start = isShort ? 2 : 4
  const frame = Buffer.allocUnsafe(start + length)
  frame[0] = first
  frame[1] = isShort ? length : shortest + 1
  if (!isShort) frame.writeUInt16BE(length, 2)
  frame.set(message, start)
  return frame
}

/**
 * Sends bytes over an open server-side WebSocket as one write to the stream below it. `ws` writes the head and the payload
 * of a message apart, which costs more than all that we do to a media frame. Both ways go together: without compression
 * `ws` too writes a frame at once and whole. Strings and long messages are rare and left to `ws`.
 */
export const messageWriter =
  (ws: WebSocket, stream: Duplex): MediaSocket["send"] =>
  (message, binary = typeof message !== "string") => {
    if (ws.readyState !== ws.OPEN) return
    if (typeof message === "string" || message.length > longest) ws.send(message, { binary })
    else stream.write(frameOf(message, binary ? wholeBinary : wholeText))
  }
