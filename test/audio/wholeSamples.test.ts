import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { wholeSamples } from "../../src/audio/wholeSamples.ts"
import { joined, pieces } from "./signals.ts"

const anyBytes = fc.uint8Array({ maxLength: 200 })
const anySizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })

describe("whole samples", () => {
  it("come out of any pieces, in order, as far as they are whole", () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2), anyBytes, anySizes, (size, bytes, sizes) => {
        const whole = wholeSamples(size)
        const out = pieces(bytes, sizes).map(whole.take)
        assert.isTrue(out.every((samples) => samples.length % size === 0))
        assert.deepStrictEqual(joined(out), bytes.slice(0, bytes.length - (bytes.length % size)))
      })
    )
  })

  it("are the very chunk while nothing was cut", () => {
    const chunk = Uint8Array.of(1, 2, 3, 4)
    assert.strictEqual(wholeSamples(2).take(chunk), chunk)
    assert.strictEqual(wholeSamples(1).take(chunk), chunk)
  })

  it("wait through an empty chunk, and are forgotten when told", () => {
    const whole = wholeSamples(2)
    assert.strictEqual(whole.take(Uint8Array.of(1)).length, 0)
    assert.strictEqual(whole.take(new Uint8Array(0)).length, 0)
    assert.deepStrictEqual(whole.take(Uint8Array.of(2)), Uint8Array.of(1, 2))
    whole.take(Uint8Array.of(9))
    whole.drop()
    assert.deepStrictEqual(whole.take(Uint8Array.of(3, 4)), Uint8Array.of(3, 4))
  })
})
