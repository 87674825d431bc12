import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { containsAudio } from "../../src/simulator/containsAudio.ts"

const bytes = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 2 }), { maxLength }).map((all) => Uint8Array.from(all))

describe("looking for audio in audio", () => {
  it("finds what Buffer.includes finds", () => {
    fc.assert(
      fc.property(bytes(400), bytes(80), fc.nat(300), (whole, part, at) => {
        assert.strictEqual(containsAudio(whole, part), Buffer.from(whole).includes(Buffer.from(part)))
        const cut = whole.subarray(at % (whole.length + 1))
        assert.isTrue(containsAudio(whole, cut))
      })
    )
  })

  it("takes no time where both begin with the same silence", () => {
    const said = Uint8Array.from({ length: 300_000 }, (_, index) => (index < 60_000 ? 0 : (index * 7919) % 251))
    const heard = Buffer.concat([
      new Uint8Array(200_000),
      said.subarray(0, 200_000),
      new Uint8Array(640),
      said.subarray(200_000)
    ])
    const began = process.cpuUsage()
    assert.isFalse(containsAudio(heard, said))
    assert.isTrue(containsAudio(Buffer.concat([heard, said]), said))
    assert.isBelow(process.cpuUsage(began).user, 1_000_000)
  })
})
