/** Bytes of a stretch of audio by which it is looked for. */
const anchorLength = 64

/** Where the stretch with the most different bytes begins: silence is everywhere, this is hardly anywhere else. */
const anchorOf = (audio: Buffer): number => {
  let best = 0
  let most = 0
  for (let at = 0; at + anchorLength <= audio.length; at += anchorLength) {
    const different = new Set(audio.subarray(at, at + anchorLength)).size
    if (different > most) {
      most = different
      best = at
    }
  }
  return best
}

/**
 * Whether audio is part of other audio, byte for byte. The same as `Buffer.includes`, whose time is the product of both lengths
 * where they begin alike, as audio with silence at its beginning does: seconds for a few seconds of it.
 */
export const containsAudio = (whole: Uint8Array, part: Uint8Array): boolean => {
  const haystack = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
  const needle = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
  const offset = anchorOf(needle)
  const anchor = needle.subarray(offset, offset + anchorLength)
  for (let at = haystack.indexOf(anchor, offset); at !== -1; at = haystack.indexOf(anchor, at + 1)) {
    const start = at - offset
    if (start + needle.length > haystack.length) return false
    if (haystack.subarray(start, start + needle.length).equals(needle)) return true
  }
  return false
}
