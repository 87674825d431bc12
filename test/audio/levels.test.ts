import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { levelOf } from "../../src/audio/levels.ts"
import { encodings, formatOf, sine, toBytes } from "./signals.ts"

const pcm8 = formatOf("pcm_s16le", 8000)

describe("levels", () => {
  it("measures a half-scale sine", () => {
    const level = levelOf(pcm8, toBytes("pcm_s16le", sine(8000, 1000, 16384, 160)))
    assert.approximately(level.rmsDbfs, -9.03, 0.005)
    assert.approximately(level.peakDbfs, -6.02, 0.005)
  })

  it("has 0 for full scale and -96 for nothing", () => {
    const full = levelOf(pcm8, toBytes("pcm_s16le", new Int16Array(160).fill(-32768)))
    assert.deepStrictEqual(full, { rmsDbfs: 0, peakDbfs: 0 })
    const nothing = { rmsDbfs: -96, peakDbfs: -96 }
    assert.deepStrictEqual(levelOf(pcm8, new Uint8Array(320)), nothing)
    assert.deepStrictEqual(levelOf(pcm8, new Uint8Array(1)), nothing)
    assert.deepStrictEqual(levelOf(formatOf("mulaw", 8000), new Uint8Array(160).fill(0xff)), nothing)
  })

  it("stays on the scale for any bytes", () => {
    fc.assert(
      fc.property(fc.constantFrom(...encodings), fc.uint8Array(), (encoding, bytes) => {
        const { rmsDbfs, peakDbfs } = levelOf(formatOf(encoding, 8000), bytes)
        assert.isTrue(-96 <= rmsDbfs && rmsDbfs <= peakDbfs && peakDbfs <= 0)
      })
    )
  })
})
