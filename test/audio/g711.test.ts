import { assert, describe, it } from "@effect/vitest"
import {
  alawToMulaw,
  alawToSample,
  mulawToAlaw,
  mulawToSample,
  sampleToAlaw,
  sampleToMulaw
} from "../../src/audio/g711.ts"
import { decibels, distortion, rms, sha256, sine, toBytes, toneIn, toSamples } from "./signals.ts"

const everySample = Int16Array.from({ length: 65536 }, (_, i) => i - 32768)
const everyCode = Array.from({ length: 256 }, (_, code) => code)
const mulaw = (sample: number) => sampleToMulaw[sample & 0xffff] ?? -1
const alaw = (sample: number) => sampleToAlaw[sample & 0xffff] ?? -1

/** input, mu-law byte and its sample, A-law byte and its sample */
const vectors = [
  [0, 0xff, 0, 0xd5, 8],
  [1, 0xff, 0, 0xd5, 8],
  [3, 0xff, 0, 0xd5, 8],
  [-1, 0x7f, 0, 0x55, -8],
  [-3, 0x7f, 0, 0x55, -8],
  [4, 0xfe, 8, 0xd5, 8],
  [-4, 0x7e, -8, 0x55, -8],
  [15, 0xfd, 16, 0xd5, 8],
  [16, 0xfd, 16, 0xd4, 24],
  [-16, 0x7d, -16, 0x55, -8],
  [31, 0xfb, 32, 0xd4, 24],
  [32, 0xfb, 32, 0xd7, 40],
  [100, 0xf2, 104, 0xd3, 104],
  [-100, 0x72, -104, 0x53, -104],
  [128, 0xef, 132, 0xdd, 136],
  [-128, 0x6f, -132, 0x52, -120],
  [255, 0xe7, 260, 0xda, 248],
  [256, 0xe7, 260, 0xc5, 264],
  [1000, 0xce, 988, 0xfa, 1008],
  [-1000, 0x4e, -988, 0x7a, -1008],
  [4095, 0xaf, 4092, 0x9a, 4032],
  [4096, 0xaf, 4092, 0x85, 4224],
  [-4096, 0x2f, -4092, 0x1a, -4032],
  [8000, 0xa0, 7932, 0x8a, 8064],
  [12345, 0x97, 12412, 0xbd, 12544],
  [16383, 0x8f, 16764, 0xba, 16128],
  [16384, 0x8f, 16764, 0xa5, 16896],
  [-16384, 0x0f, -16764, 0x3a, -16128],
  [30000, 0x82, 30076, 0xa8, 30208],
  [32767, 0x80, 32124, 0xaa, 32256],
  [-32768, 0x00, -32124, 0x2a, -32256]
] as const

describe("G.711", () => {
  it("decodes and encodes every value as the definitions do", () => {
    assert.strictEqual(
      sha256(toBytes("pcm_s16le", mulawToSample)),
      "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"
    )
    assert.strictEqual(
      sha256(toBytes("pcm_s16le", alawToSample)),
      "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"
    )
    assert.strictEqual(
      sha256(toBytes("mulaw", everySample)),
      "5ee7cf5f273f842d2234121e4cb0c98d6b20a99ac29026f94e05b36955b195be"
    )
    assert.strictEqual(
      sha256(toBytes("alaw", everySample)),
      "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"
    )
  })

  it.each(vectors)("%i is mu-law %i (%i) and A-law %i (%i)", (sample, mulawByte, mulawBack, alawByte, alawBack) => {
    assert.deepStrictEqual([mulaw(sample), mulawToSample[mulawByte]], [mulawByte, mulawBack])
    assert.deepStrictEqual([alaw(sample), alawToSample[alawByte]], [alawByte, alawBack])
  })

  it("gives every byte back, but for the second zero of mu-law", () => {
    for (const code of everyCode) {
      assert.strictEqual(mulaw(mulawToSample[code] ?? 0), code === 0x7f ? 0xff : code)
      assert.strictEqual(alaw(alawToSample[code] ?? 0), code)
    }
  })

  it("encodes mu-law symmetrically and stays within the largest step", () => {
    for (const sample of everySample) {
      if (sample > 0) assert.strictEqual(mulaw(-sample), mulaw(sample) & 0x7f)
      assert.isAtMost(Math.abs((mulawToSample[mulaw(sample)] ?? 0) - sample), 644)
      assert.isAtMost(Math.abs((alawToSample[alaw(sample)] ?? 0) - sample), 512)
    }
  })

  it("goes from law to law as by way of the samples", () => {
    for (const code of everyCode) {
      assert.strictEqual(mulawToAlaw[code], alaw(mulawToSample[code] ?? 0))
      assert.strictEqual(alawToMulaw[code], mulaw(alawToSample[code] ?? 0))
    }
  })

  it.each([
    ["mulaw", [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e], 16017],
    ["alaw", [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4], 16139]
  ] as const)("decodes the digital milliwatt of %s", (encoding, period, level) => {
    const samples = toSamples(
      encoding,
      Uint8Array.from({ length: 800 }, (_, n) => period[n % 8] ?? 0)
    )
    assert.approximately(rms(samples), level, 1)
    assert.approximately(decibels(rms(samples) / 32768), -6.2, 0.1)
    assert.approximately(toneIn(samples, 8000, 1000).amplitude / Math.SQRT2, level, level * 0.01)
  })

  it.each([-3, -10, -20, -30])("keeps the noise 33 dB under a tone of %i dBFS", (level) => {
    const tone = sine(8000, 1004, 32767 * 10 ** (level / 20), 8000)
    for (const encoding of ["mulaw", "alaw"] as const) {
      assert.isBelow(distortion(toSamples(encoding, toBytes(encoding, tone)), 8000, 1004), -33)
    }
  })
})
