import { createHash, timingSafeEqual } from "node:crypto"

/** Whether two byte strings are equal, in a time that depends on their lengths only. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right)

/** `equalBytes` over UTF-8 text. Hashed first, so not even the length of the expected text shows in the time. */
export const equalText = (left: string, right: string): boolean =>
  timingSafeEqual(createHash("sha256").update(left).digest(), createHash("sha256").update(right).digest())
