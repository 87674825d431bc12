/** The 16-bit sample of each mu-law byte, as one writes it by hand. */
export const decodeTable = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132
  return (bits & 0x80) === 0 ? magnitude : -magnitude
})

const encodeOne = (sample: number) => {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(sample), 32635) + 132
  const exponent = Math.floor(Math.log2(magnitude)) - 7
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 0xff
}

/** The mu-law byte of each 16-bit sample (as an unsigned index). */
export const encodeTable = Uint8Array.from({ length: 65_536 }, (_, index) => encodeOne((index << 16) >> 16))
