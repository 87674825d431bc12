import { isUtf8 } from "node:buffer"

/** The fields of a form or a query, decoded, in the order in which they arrived; names may repeat and values be blank. */
export type FormFields = ReadonlyArray<readonly [name: string, value: string]>

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const percentByte = /^[0-9a-fA-F]{2}$/

/**
 * Reads `application/x-www-form-urlencoded` bytes or text (WHATWG URL standard, section 5.1): `+` is a space, `%XX` a
 * byte, a stray `%` stays. Undefined when the decoded bytes are not UTF-8: guessing would break a signature check.
 */
export const parseForm = (body: Uint8Array | string): FormFields | undefined => {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : Buffer.from(body)
  const fields: Array<readonly [string, string]> = []
  for (let start = 0; start <= bytes.length;) {
    const next = bytes.indexOf("&", start)
    const end = next < 0 ? bytes.length : next
    if (end > start) {
      const equals = bytes.subarray(start, end).indexOf("=")
      const split = equals < 0 ? end : start + equals
      const name = decode(bytes.subarray(start, split))
      const value = decode(bytes.subarray(Math.min(split + 1, end), end))
      if (name === undefined || value === undefined) return undefined
      fields.push([name, value])
    }
    start = end + 1
  }
  return fields
}

/** The fields as `application/x-www-form-urlencoded` text, in order. */
export const encodeForm = (fields: FormFields): string =>
  new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString()

/** The value of a field that may occur only once (the same value again is let pass). Undefined: absent or ambiguous. */
export const singleField = (fields: FormFields, name: string): string | undefined => {
  const values = new Set(fields.filter(([key]) => key === name).map(([, value]) => value))
  const [value] = values
  return values.size === 1 ? value : undefined
}

const decode = (raw: Buffer): string | undefined => {
  const bytes = Buffer.alloc(raw.length)
  let length = 0
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0
    const hex = byte === 0x25 ? raw.toString("latin1", at + 1, at + 3) : ""
    if (percentByte.test(hex)) at += 2
    bytes[length++] = byte === 0x2b ? 0x20 : percentByte.test(hex) ? Number.parseInt(hex, 16) : byte
  }
  return readUtf8(bytes.subarray(0, length))
}

const isAscii = (bytes: Uint8Array) => bytes.every((byte) => byte < 0x80)

const readUtf8 = (bytes: Uint8Array): string | undefined => {
  if (isAscii(bytes)) return Buffer.from(bytes).toString("latin1")
  return isUtf8(bytes) ? utf8.decode(bytes) : undefined
}
