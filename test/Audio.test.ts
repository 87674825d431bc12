import { assert, describe, it } from "@effect/vitest"
import { type AudioFormat, bytesForMs, bytesPerSample, msOf, sameFormat, silence } from "../src/Audio.ts"

const mulaw8: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
const pcm24: AudioFormat = { encoding: "pcm_s16le", sampleRate: 24000 }

describe("Audio", () => {
  it("counts bytes and time", () => {
    assert.deepStrictEqual([bytesPerSample(mulaw8), bytesPerSample(pcm24)], [1, 2])
    assert.deepStrictEqual([bytesForMs(mulaw8, 20), bytesForMs(pcm24, 20)], [160, 960])
    assert.strictEqual(bytesForMs(pcm24, 0.03), 0)
    assert.strictEqual(bytesForMs(mulaw8, 20.1), 160)
    assert.deepStrictEqual([msOf(mulaw8, 160), msOf(pcm24, 960), msOf(mulaw8, 1)], [20, 20, 0.125])
  })

  it("knows the silence of each encoding", () => {
    assert.deepStrictEqual(silence(mulaw8, 2), Uint8Array.of(0xff, 0xff))
    assert.deepStrictEqual(silence({ encoding: "alaw", sampleRate: 8000 }, 2), Uint8Array.of(0xd5, 0xd5))
    assert.deepStrictEqual(silence(pcm24, 4), Uint8Array.of(0, 0, 0, 0))
    assert.deepStrictEqual(silence({ encoding: "pcm_s16be", sampleRate: 8000 }, 2), Uint8Array.of(0, 0))
  })

  it("compares formats by value", () => {
    assert.isTrue(sameFormat(mulaw8, { ...mulaw8 }))
    assert.isFalse(sameFormat(mulaw8, { ...mulaw8, sampleRate: 16000 }))
    assert.isFalse(sameFormat(mulaw8, { ...mulaw8, encoding: "alaw" }))
  })
})
