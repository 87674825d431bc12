/** The first byte of an unfragmented message (RFC 6455, section 5.2). */
const wholeText = 0x81
const wholeBinary = 0x82

/** The longest payload whose length fits the frame's second byte. */
const shortest = 125

/** The longest payload that `wholeFrame` takes, bytes: its length fits the two bytes after the second. */
export const longestWhole = 0xffff

/** A message of a server as one WebSocket frame, unmasked and uncompressed. */
export const wholeFrame = (message: Uint8Array, binary: boolean): Uint8Array => {
  const { length } = message
  const isShort = length <= shortest
  const start = isShort ? 2 : 4
  const frame = Buffer.allocUnsafe(start + length)
  frame[0] = binary ? wholeBinary : wholeText
  frame[1] = isShort ? length : shortest + 1
  if (!isShort) frame.writeUInt16BE(length, 2)
  frame.set(message, start)
  return frame
}
