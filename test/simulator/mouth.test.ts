import { assert, describe, it } from "@effect/vitest"
import { mulawToAlaw } from "../../src/audio/g711.ts"
import { makeMouth } from "../../src/simulator/Mouth.ts"

describe("the person's mouth", () => {
  it("goes on in another format: what was said, what is being said and what waits", () => {
    const mouth = makeMouth({ encoding: "mulaw", sampleRate: 8000 }, 20)
    const speech = Uint8Array.from({ length: 480 }, (_, index) => index % 251)
    mouth.say(speech.subarray(0, 320))
    mouth.say(speech.subarray(320))
    mouth.next()
    mouth.speakIn({ encoding: "alaw", sampleRate: 8000 })
    const inAlaw = speech.map((byte) => mulawToAlaw[byte] ?? 0)
    assert.deepStrictEqual(Buffer.from(mouth.next()), Buffer.from(inAlaw.subarray(160, 320)))
    assert.deepStrictEqual(Buffer.from(mouth.next()), Buffer.from(inAlaw.subarray(320)))
    assert.isFalse(mouth.speaking())
    assert.deepStrictEqual(Buffer.from(mouth.said()), Buffer.from(inAlaw))
    assert.strictEqual(mouth.next()[0], 0xd5)
    mouth.speakIn({ encoding: "pcm_s16le", sampleRate: 16_000 })
    assert.lengthOf(mouth.next(), 640)
  })
})
