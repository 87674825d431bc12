// PostgreSQL, "Frontend/Backend Protocol", message formats: a type byte, a length that counts itself, the body.
export const READY_FOR_QUERY = 0x5a
export const NOTIFICATION_RESPONSE = 0x41
const ERROR_RESPONSE = 0x45
const HEADER_BYTES = 5

/** The whole messages of a server's reply, as views of it, by type and body. */
export function* messagesOf(reply: Uint8Array) {
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength)
  for (let at = 0, end = 0; at < reply.length; at = end) {
    end = at + 1 + view.getUint32(at + 1)
    yield { type: view.getUint8(at), body: reply.subarray(at + HEADER_BYTES, end), bytes: reply.subarray(at, end) }
  }
}

/** The text of an error after which the server cannot go on; undefined if the reply holds none. */
export const fatalError = (reply: Uint8Array): string | undefined => {
  for (const { type, body } of messagesOf(reply)) {
    if (type !== ERROR_RESPONSE) continue
    // Fields: a letter and a text that ends in a zero byte. V is the severity in English, M the message.
    const fields = Buffer.from(body).toString("utf8").split("\0")
    if (fields.some((field) => field === "VFATAL" || field === "VPANIC")) {
      return fields.find((field) => field.startsWith("M"))?.slice(1) ?? "fatal error"
    }
  }
  return undefined
}
