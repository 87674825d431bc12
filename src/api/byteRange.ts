/** A part of a file: `length` bytes from `offset` on. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/**
 * Reads a `Range` header (RFC 9110, section 14.1.2) against a file of `size` bytes. Undefined: there is none, or one that is to be
 * ignored (another unit, several ranges, nonsense). "unsatisfiable": the file has no such part.
 */
export const byteRange = (header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined => {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? "")
  if (found === null) return undefined
  const [, first = "", last = ""] = found
  if (first === "" && last === "") return undefined
  if (first === "") {
    const length = Math.min(Number(last), size)
    return length === 0 ? "unsatisfiable" : { offset: size - length, length }
  }
  const offset = Number(first)
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== "" && Number(last) < offset) return undefined
  return offset >= size ? "unsatisfiable" : { offset, length: end - offset + 1 }
}
