import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { bytesPerSample, msOf, sameFormat } from "../../src/Audio.ts"
import { type Converter, converter } from "../../src/audio/converter.ts"
import {
  distortion,
  encodings,
  formatOf,
  joined,
  pieces,
  ratePairs,
  rates,
  rms,
  sine,
  toBytes,
  toneIn,
  toSamples
} from "./signals.ts"

const formats = encodings.flatMap((encoding) => rates.map((rate) => formatOf(encoding, rate)))
const anyFormat = fc.constantFrom(...formats)
const anyBytes = fc.uint8Array({ maxLength: 3000 })

const mulaw8 = formatOf("mulaw", 8000)
const alaw8 = formatOf("alaw", 8000)
const pcm8 = formatOf("pcm_s16le", 8000)
const pcm16 = formatOf("pcm_s16le", 16000)
const pcm24 = formatOf("pcm_s16le", 24000)

const all = (stream: Converter, chunks: ReadonlyArray<Uint8Array>) =>
  joined([...chunks.map((chunk) => stream.convert(chunk)), stream.flush()])

/** The same bytes in a view that begins at an odd place of its buffer. */
const atOddOffset = (bytes: Uint8Array): Uint8Array => {
  const view = new Uint8Array(bytes.length + 1).subarray(1)
  view.set(bytes)
  return view
}

describe("converter", () => {
  it.each(formats)("gives the same reference from $encoding at $sampleRate to itself", (format) => {
    const stream = converter(format, { ...format })
    const chunk = Uint8Array.of(1, 2, 3)
    assert.strictEqual(stream.convert(chunk), chunk)
    assert.strictEqual(stream.flush().length, 0)
  })

  it("decodes and encodes G.711 at one rate", () => {
    const pcm = converter(mulaw8, pcm8).convert(Uint8Array.of(0x80, 0x00, 0xff, 0xce))
    assert.deepStrictEqual(toSamples("pcm_s16le", pcm), Int16Array.of(32124, -32124, 0, 988))
    assert.deepStrictEqual(converter(pcm8, mulaw8).convert(pcm), Uint8Array.of(0x80, 0x00, 0xff, 0xce))
    assert.deepStrictEqual(converter(pcm8, alaw8).convert(pcm), Uint8Array.of(0xaa, 0x2a, 0xd5, 0xfb))
    assert.deepStrictEqual(converter(mulaw8, alaw8).convert(Uint8Array.of(0x80, 0xff)), Uint8Array.of(0xaa, 0xd5))
    assert.deepStrictEqual(converter(alaw8, mulaw8).convert(Uint8Array.of(0xaa, 0xd5)), Uint8Array.of(0x80, 0xfe))
  })

  it("swaps byte order", () => {
    const swapped = converter(pcm8, formatOf("pcm_s16be", 8000)).convert(Uint8Array.of(0x34, 0x12, 0xff, 0x80))
    assert.deepStrictEqual(swapped, Uint8Array.of(0x12, 0x34, 0x80, 0xff))
  })

  it("brings mu-law speech to an agent and back within the noise of mu-law", () => {
    const tone = toBytes("mulaw", sine(8000, 1000, 16384, 9600))
    const wide = converter(mulaw8, pcm24).convert(tone)
    const back = toSamples("mulaw", converter(pcm24, mulaw8).convert(wide)).subarray(1600)
    assert.approximately(toneIn(back, 8000, 1000).amplitude, 16384, 200)
    assert.isBelow(distortion(back, 8000, 1000), -33)
  })

  it.each(ratePairs)("gives 20 ms for 20 ms from $from to $to", ({ from, to }) => {
    const stream = converter(formatOf("pcm_s16le", from), formatOf("pcm_s16be", to))
    for (let i = 0; i < 5; i++) {
      assert.strictEqual(stream.convert(new Uint8Array(from / 25)).length, to / 25)
    }
  })

  it("does not depend on the chunks, on odd lengths or on odd offsets", () => {
    const input = toBytes("pcm_s16le", sine(8000, 700, 12000, 2400))
    for (const to of formats.filter((format) => !sameFormat(format, pcm8))) {
      const whole = all(converter(pcm8, to), [input])
      for (const sizes of [[1], [73], [160], [161], [960], [320, 1, 319]]) {
        assert.deepStrictEqual(all(converter(pcm8, to), pieces(input, sizes)), whole)
        assert.deepStrictEqual(all(converter(pcm8, to), pieces(atOddOffset(input), sizes)), whole)
      }
    }
  })

  it("takes any bytes in any chunks between any formats, and gives the same for every split", () => {
    fc.assert(
      fc.property(
        anyFormat,
        anyFormat,
        anyBytes,
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 }),
        (from, to, bytes, sizes) => {
          const split = all(converter(from, to), pieces(atOddOffset(bytes), sizes))
          assert.deepStrictEqual(split, all(converter(from, to), [bytes]))
          if (!sameFormat(from, to)) assert.strictEqual(split.length % bytesPerSample(to), 0)
        }
      ),
      { numRuns: 300 }
    )
  })

  it("keeps half a sample for the next chunk, and drops it on flush and on reset", () => {
    const stream = converter(pcm8, formatOf("pcm_s16be", 8000))
    assert.strictEqual(stream.convert(Uint8Array.of(0x34)).length, 0)
    assert.strictEqual(stream.convert(new Uint8Array(0)).length, 0)
    assert.deepStrictEqual(stream.convert(Uint8Array.of(0x12)), Uint8Array.of(0x12, 0x34))
    for (const forget of [stream.flush, stream.reset]) {
      stream.convert(Uint8Array.of(0x99))
      forget()
      assert.deepStrictEqual(stream.convert(Uint8Array.of(0x34, 0x12)), Uint8Array.of(0x12, 0x34))
    }
  })

  it.each(ratePairs)("flushes what the filter from $from to $to holds, once", ({ from, to }) => {
    const stream = converter(formatOf("pcm_s16le", from), formatOf("pcm_s16le", to))
    assert.strictEqual(stream.flush().length, 0)
    const short = new Int16Array(from / 100).fill(12000)
    const head = stream.convert(toBytes("pcm_s16le", short))
    const tail = stream.flush()
    const delay = msOf(formatOf("pcm_s16le", to), tail.length)
    assert.isAbove(delay, 1)
    assert.isBelow(delay, 4.4)
    assert.isAbove(rms(toSamples("pcm_s16le", tail)), 9000)
    assert.isAbove(msOf(formatOf("pcm_s16le", to), head.length + tail.length), 10 + delay - 0.2)
    assert.strictEqual(stream.flush().length, 0)
  })

  it("says nothing of the past after a reset", () => {
    for (const to of [pcm16, pcm24, formatOf("mulaw", 48000)]) {
      const stream = converter(mulaw8, to)
      stream.convert(toBytes("mulaw", sine(8000, 440, 20000, 333)))
      stream.reset()
      assert.strictEqual(stream.flush().length, 0)
      const after = toSamples(to.encoding, stream.convert(new Uint8Array(160).fill(0xff)))
      assert.isTrue(after.every((sample) => sample === 0))
    }
  })

  it("keeps two streams of one pair apart", () => {
    const tone = toBytes("mulaw", sine(8000, 440, 20000, 800))
    const quiet = new Uint8Array(800).fill(0xff)
    const speaking = converter(mulaw8, pcm16)
    const silent = converter(mulaw8, pcm16)
    for (const at of [0, 160, 320, 480, 640]) {
      speaking.convert(tone.subarray(at, at + 160))
      const heard = toSamples("pcm_s16le", silent.convert(quiet.subarray(at, at + 160)))
      assert.isTrue(heard.every((sample) => sample === 0))
    }
  })
})
