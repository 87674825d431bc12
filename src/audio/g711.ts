/** ITU-T G.711 by lookup: 16-bit samples to and from companded bytes, and one law to the other. */

const mulawSample = (code: number): number => {
  const bits = ~code & 0xff
  const magnitude = (((bits & 0x0f) << 3) + 132) << ((bits >> 4) & 7)
  return (bits & 0x80) === 0 ? magnitude - 132 : 132 - magnitude
}

const alawSample = (code: number): number => {
  const bits = code ^ 0x55
  const exponent = (bits >> 4) & 7
  const mantissa = bits & 0x0f
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 264) << (exponent - 1)
  return (bits & 0x80) === 0 ? -magnitude : magnitude
}

/** Sign and magnitude, 16-bit samples clipped at 32635: the form that telephony software agrees on. */
const mulawCode = (sample: number): number => {
  const biased = Math.min(Math.abs(sample), 32635) + 132
  const exponent = 24 - Math.clz32(biased)
  const mantissa = (biased >> (exponent + 3)) & 0x0f
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff
}

/** The form of ITU-T G.191: negative samples are taken by one's complement, so -1 mirrors 0. */
const alawCode = (sample: number): number => {
  const magnitude = (sample < 0 ? ~sample : sample) >> 4
  const shift = Math.max(0, 27 - Math.clz32(magnitude))
  const segment = magnitude > 15 ? (magnitude >> shift) - 16 + ((shift + 1) << 4) : magnitude
  return (sample < 0 ? segment : segment | 0x80) ^ 0x55
}

const samplesOf = (decode: (code: number) => number) => Int16Array.from({ length: 256 }, (_, code) => decode(code))
const codesOf = (encode: (sample: number) => number) =>
  Uint8Array.from({ length: 65536 }, (_, bits) => encode((bits << 16) >> 16))

/** The 16-bit sample of each mu-law byte. */
export const mulawToSample: Int16Array = samplesOf(mulawSample)
/** The 16-bit sample of each A-law byte. */
export const alawToSample: Int16Array = samplesOf(alawSample)
/** The mu-law byte of a 16-bit sample; the index is `sample & 0xffff`. */
export const sampleToMulaw: Uint8Array = codesOf(mulawCode)
/** The A-law byte of a 16-bit sample; the index is `sample & 0xffff`. */
export const sampleToAlaw: Uint8Array = codesOf(alawCode)

const recode = (decode: (code: number) => number, encode: (sample: number) => number) =>
  Uint8Array.from({ length: 256 }, (_, code) => encode(decode(code)))

/** The A-law byte of each mu-law byte: what decoding and encoding again gives. */
export const mulawToAlaw: Uint8Array = recode(mulawSample, alawCode)
/** The mu-law byte of each A-law byte: what decoding and encoding again gives. */
export const alawToMulaw: Uint8Array = recode(alawSample, mulawCode)
