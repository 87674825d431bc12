import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PeakFinder } from "../../src/recording/peaks.ts"

const bytesOf = (samples: ReadonlyArray<number>) => new Uint8Array(Int16Array.from(samples).buffer)

const peaksOf = (bytes: Uint8Array, buckets: number, pieces: ReadonlyArray<number> = []) => {
  const finder = new PeakFinder(bytes.length, buckets)
  let at = 0
  for (const length of pieces) {
    finder.add(bytes.subarray(at, at + length))
    at += length
  }
  finder.add(bytes.subarray(at))
  return finder.peaks
}

const Sample = Schema.Int.check(Schema.isBetween({ minimum: -32768, maximum: 32767 }))
const Piece = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))

describe("the peaks of a recording", () => {
  it("are the loudest sample of each part, of each side", () => {
    const audio = bytesOf([16_384, 0, -32_768, 0, 0, 3277, 0, -16_384])
    assert.deepStrictEqual(peaksOf(audio, 2), { caller: [1, 0], agent: [0, 0.5] })
    assert.deepStrictEqual(peaksOf(audio, 800), { caller: [0.5, 1, 0, 0], agent: [0, 0, 0.1, 0.5] })
    assert.deepStrictEqual(peaksOf(new Uint8Array(0), 800), { caller: [], agent: [] })
  })

  it.prop(
    "do not depend on how the file is cut when it is read",
    [Schema.Array(Sample), Schema.Array(Piece)],
    ([samples, pieces]) => {
      const audio = bytesOf(samples)
      assert.deepStrictEqual(peaksOf(audio, 3, pieces), peaksOf(audio, 3))
    }
  )
})
