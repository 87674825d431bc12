import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Framer } from "../../ui/src/phone/framer.ts"
import { JitterBuffer } from "../../ui/src/phone/jitterBuffer.ts"
import { Resampler } from "../../ui/src/phone/resampler.ts"
import { dbfsOf, energyOf, pcmOf, samplesOf, SILENCE_DBFS } from "../../ui/src/phone/samples.ts"
import { sampleVoice } from "../../ui/src/phone/sampleVoice.ts"

const loudness = (samples: Float32Array) => dbfsOf(energyOf(samples), samples.length)

const tone = (frequency: number, rate: number, seconds = 0.5) =>
  Float32Array.from({ length: rate * seconds }, (_, index) => 0.5 * Math.sin((2 * Math.PI * frequency * index) / rate))

const joined = (pieces: ReadonlyArray<Float32Array>) => Float32Array.from(pieces.flatMap((piece) => [...piece]))

/** Converts in pieces, as a worklet does. */
const converted = (samples: Float32Array, from: number, to: number, piece = 128) => {
  const resampler = new Resampler(from, to)
  const pieces = Array.from({ length: Math.ceil(samples.length / piece) }, (_, index) =>
    resampler.convert(samples.subarray(index * piece, (index + 1) * piece))
  )
  return joined(pieces)
}

describe("the phone's resampler", () => {
  for (const [from, to] of [
    [48_000, 16_000],
    [44_100, 16_000],
    [16_000, 48_000],
    [16_000, 44_100],
    [16_000, 16_000]
  ] as const) {
    it(`keeps a tone's length and loudness from ${from} to ${to} Hz`, () => {
      const output = converted(tone(1000, from), from, to)
      assert.closeTo(output.length, to / 2, to / 500)
      assert.closeTo(loudness(output.subarray(to / 100)), loudness(tone(1000, to)), 0.2)
    })
  }

  it("lets nothing through that the lower rate cannot hold", () => {
    assert.isBelow(loudness(converted(tone(11_000, 48_000), 48_000, 16_000).subarray(200)), -50)
  })

  it.prop(
    "gives the same samples however the stream is cut",
    [Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 700 }))],
    ([piece]) => {
      const voice = tone(700, 44_100, 0.1)
      const whole = converted(voice, 44_100, 16_000, voice.length)
      const cut = converted(voice, 44_100, 16_000, piece)
      return whole.length === cut.length && whole.every((sample, index) => Math.abs(sample - (cut[index] ?? 9)) < 1e-4)
    }
  )
})

const sizes = { target: 60, most: 1000 }

const buffered = () => {
  const marks: Array<string> = []
  const buffer = new JitterBuffer(sizes, (mark) => marks.push(mark))
  const pull = (length: number) => {
    const output = new Float32Array(length).fill(9)
    buffer.pull(output)
    return output
  }
  return { buffer, marks, pull }
}
const ones = (length: number) => new Float32Array(length).fill(1)
const sounding = (samples: Float32Array) => samples.filter((sample) => sample === 1).length

describe("the phone's jitter buffer", () => {
  it("begins when a little has gathered, or when nothing more came for as long", () => {
    const { buffer, pull } = buffered()
    assert.strictEqual(sounding(pull(20)), 0)
    buffer.push(ones(40))
    assert.strictEqual(sounding(pull(20)), 0)
    buffer.push(ones(40))
    assert.strictEqual(sounding(pull(50)), 50)
    assert.strictEqual(sounding(pull(50)), 30)
    buffer.push(ones(10))
    assert.deepStrictEqual([sounding(pull(20)), sounding(pull(20)), sounding(pull(20))], [0, 0, 10])
  })

  it("tells of a mark when what came before it was played, and at once when nothing waits", () => {
    const { buffer, marks, pull } = buffered()
    buffer.mark("at once")
    buffer.push(ones(60))
    buffer.mark("middle")
    buffer.push(ones(60))
    buffer.mark("end")
    pull(50)
    assert.deepStrictEqual(marks, ["at once"])
    pull(10)
    assert.deepStrictEqual(marks, ["at once", "middle"])
    pull(60)
    assert.deepStrictEqual(marks, ["at once", "middle", "end"])
  })

  it("falls silent at once when it is cleared, and forgets the marks", () => {
    const { buffer, marks, pull } = buffered()
    buffer.push(ones(500))
    buffer.mark("never heard")
    assert.strictEqual(sounding(pull(20)), 20)
    buffer.clear()
    assert.strictEqual(sounding(pull(600)), 0)
    assert.deepStrictEqual(marks, [])
    buffer.push(ones(60))
    assert.strictEqual(sounding(pull(60)), 60)
  })

  it("drops the oldest rather than fall behind, and tells of the marks in it", () => {
    const { buffer, marks, pull } = buffered()
    buffer.push(ones(10))
    buffer.mark("old")
    for (let index = 0; index < 50; index++) buffer.push(ones(100))
    assert.deepStrictEqual(marks, ["old"])
    assert.isAtMost(sounding(pull(5000)), sizes.most)
  })
})

describe("the phone's samples", () => {
  it.prop(
    "come back as they were",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -32768, maximum: 32767 })))],
    ([values]) => {
      const bytes = Int16Array.from(values).buffer
      return Buffer.from(pcmOf(samplesOf(bytes))).equals(Buffer.from(bytes))
    }
  )

  it("are cut into frames of one length", () => {
    const frames: Array<number> = []
    const framer = new Framer(320)
    for (let index = 0; index < 10; index++) framer.push(ones(128), (frame) => frames.push(sounding(frame)))
    assert.deepStrictEqual(frames, [320, 320, 320, 320])
  })

  it("of silence are as quiet as a meter shows, and the sample voice is not", () => {
    assert.strictEqual(loudness(new Float32Array(100)), SILENCE_DBFS)
    const voice = sampleVoice(16_000)
    assert.isAbove(loudness(voice), -30)
    assert.isAtMost(Math.max(...voice), 0.5)
  })
})
