import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { msOf } from "../../src/Audio.ts"
import { levelOf } from "../../src/audio/levels.ts"
import { channelOf, readWav, type WavAudio, wavHeader, writeWav } from "../../src/audio/wav.ts"
import { encodings, formatOf, hex, joined, rates } from "./signals.ts"

const pcm8 = formatOf("pcm_s16le", 8000)
const mulaw8 = formatOf("mulaw", 8000)
const counted = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff)

const reasonOf = (bytes: Uint8Array) =>
  Result.match(readWav(bytes), { onSuccess: () => "read", onFailure: (error) => error.reason })

const messageOf = (bytes: Uint8Array) =>
  Result.match(readWav(bytes), { onSuccess: () => "read", onFailure: (error) => error.message })

const read = (bytes: Uint8Array): WavAudio | undefined => Result.getOrUndefined(readWav(bytes))

/** A header with one 16-bit field changed. */
const changed = (at: number, value: number) => {
  const bytes = writeWav(pcm8, counted(320))
  new DataView(bytes.buffer).setUint16(at, value, true)
  return bytes
}

describe("WAV", () => {
  it("writes the PCM header of the reference", () => {
    assert.strictEqual(
      hex(writeWav(pcm8, new Uint8Array(320)).subarray(0, 44)),
      "524946466401000057415645666d74201000000001000100401f0000803e0000020010006461746140010000"
    )
  })

  it("writes the mu-law header of the reference", () => {
    assert.strictEqual(
      hex(writeWav(mulaw8, new Uint8Array(160)).subarray(0, 58)),
      "52494646d200000057415645666d74201200000007000100401f0000401f00000100080000006661637404000000a000000064617461a0000000"
    )
  })

  it("pads odd data, which counts for the file and not for the data", () => {
    const file = writeWav(mulaw8, counted(161))
    assert.strictEqual(file.length, 58 + 162)
    const view = new DataView(file.buffer)
    assert.strictEqual(view.getUint32(4, true), file.length - 8)
    assert.strictEqual(view.getUint32(54, true), 161)
    assert.deepStrictEqual(read(file)?.data, counted(161))
  })

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...encodings),
        fc.constantFrom(...rates),
        fc.constantFrom(1, 2),
        fc.uint8Array({ maxLength: 600 }),
        (encoding, rate, channels, bytes) => {
          const big = encoding === "pcm_s16be"
          const wav = read(writeWav(formatOf(encoding, rate), bytes, channels))
          const group = channels * (encoding === "mulaw" || encoding === "alaw" ? 1 : 2)
          const whole = Buffer.from(bytes.slice(0, bytes.length - (bytes.length % group)))
          assert.deepStrictEqual(wav?.format, formatOf(big ? "pcm_s16le" : encoding, rate))
          assert.strictEqual(wav?.channels, channels)
          assert.deepStrictEqual(Buffer.from(wav?.data ?? []), big ? whole.swap16() : whole)
        }
      )
    )
  })

  it("separates the channels of a stereo recording", () => {
    const stereo = read(writeWav(pcm8, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2))
    assert.isDefined(stereo)
    assert.deepStrictEqual(channelOf(stereo, 0), Uint8Array.of(1, 2, 5, 6))
    assert.deepStrictEqual(channelOf(stereo, 1), Uint8Array.of(3, 4, 7, 8))
    const mono = read(writeWav(pcm8, counted(8)))
    assert.isDefined(mono)
    assert.deepStrictEqual(channelOf(mono, 1), counted(8))
  })

  it.each([pcm8, mulaw8])("reads a $encoding file that was never closed", (format) => {
    const open = joined([wavHeader(format, 1), counted(400)])
    assert.deepStrictEqual(read(open)?.data, counted(400))
    const zeroed = joined([wavHeader(format, 1), counted(400)])
    const lengths = new DataView(zeroed.buffer)
    lengths.setUint32(4, 0, true)
    lengths.setUint32(wavHeader(format, 1).length - 4, 0, true)
    assert.deepStrictEqual(read(zeroed)?.data, counted(400))
    assert.deepStrictEqual(read(writeWav(pcm8, counted(320)).subarray(0, 145))?.data, counted(100))
    assert.deepStrictEqual(read(writeWav(pcm8, counted(320), 2).subarray(0, 146))?.data, counted(100))
  })

  it("reads an empty closed file as empty, and other parts before the audio", () => {
    assert.strictEqual(read(writeWav(pcm8, new Uint8Array(0)))?.data.length, 0)
    const plain = writeWav(pcm8, counted(20))
    const odd = Uint8Array.of(0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 1, 2, 3, 0)
    const withList = joined([plain.subarray(0, 36), odd, plain.subarray(36)])
    assert.deepStrictEqual(read(withList)?.data, counted(20))
  })

  it("reads the extensible form", () => {
    const plain = writeWav(pcm8, counted(20))
    const body = joined([
      Uint8Array.of(0xfe, 0xff),
      plain.subarray(22, 36),
      counted(8),
      Uint8Array.of(1, 0),
      counted(14)
    ])
    const file = joined([plain.subarray(0, 16), Uint8Array.of(body.length, 0, 0, 0), body, plain.subarray(36)])
    assert.deepStrictEqual(read(file)?.data, counted(20))
  })

  it("says what is wrong and what would be right", () => {
    assert.strictEqual(reasonOf(new Uint8Array(0)), "not-wav")
    assert.strictEqual(reasonOf(counted(100)), "not-wav")
    assert.strictEqual(reasonOf(writeWav(pcm8, counted(8)).subarray(0, 12)), "no-format")
    assert.strictEqual(reasonOf(writeWav(pcm8, counted(8)).subarray(0, 36)), "no-data")
    const plain = writeWav(pcm8, counted(8))
    const short = joined([plain.subarray(0, 16), Uint8Array.of(4, 0, 0, 0), plain.subarray(20, 24), plain.subarray(36)])
    assert.strictEqual(reasonOf(short), "no-format")
    assert.include(messageOf(changed(20, 3)), "16-bit PCM, mu-law or A-law")
    assert.include(messageOf(changed(34, 24)), "24 bits")
    assert.include(messageOf(changed(24, 11025)), "11025 samples per second")
    assert.include(messageOf(changed(22, 6)), "6 channels")
  })

  it("answers any bytes", () => {
    const valid = writeWav(mulaw8, counted(64))
    const mutated = fc
      .array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 })
      .map((edits) => {
        const copy = valid.slice()
        for (const [at, value] of edits) copy[at] = value
        return copy
      })
    const cut = fc.nat({ max: valid.length }).map((length) => valid.subarray(0, length))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated, cut), (bytes) => {
        assert.isString(reasonOf(bytes))
      }),
      { numRuns: 1000 }
    )
  })
})

describe("the recording of speech", () => {
  it("is ten seconds of telephone speech at a normal level, with pauses", () => {
    const speech = read(readFileSync("test/fixtures/speech.wav"))
    assert.isDefined(speech)
    assert.deepStrictEqual([speech.format, speech.channels], [pcm8, 1])
    assert.approximately(msOf(pcm8, speech.data.length), 10_500, 500)
    const { rmsDbfs, peakDbfs } = levelOf(pcm8, speech.data)
    assert.approximately(peakDbfs, -3, 0.2)
    assert.isTrue(rmsDbfs > -30 && rmsDbfs < -15)
    const frames = Array.from({ length: Math.floor(speech.data.length / 320) }, (_, i) =>
      levelOf(pcm8, speech.data.subarray(i * 320, (i + 1) * 320))
    )
    assert.isAbove(frames.filter((frame) => frame.rmsDbfs < -50).length, 25)
  })
})
