import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { base64Message } from "../../src/transport/base64Message.ts"

describe("audio in base64 inside a text message", () => {
  it("is what a JSON encoder would have written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.string(), fc.nat({ max: 5 }), (bytes, id, cut) => {
        const make = base64Message(`{"id":${JSON.stringify(id)},"payload":"`, `"}`)
        const chunk = bytes.subarray(Math.min(cut, bytes.length))
        const { data, binary } = make(chunk)
        assert.isFalse(binary)
        assert.deepStrictEqual(JSON.parse(Buffer.from(data).toString("utf8")), {
          id: id.toWellFormed(),
          payload: Buffer.from(chunk).toString("base64")
        })
      })
    )
  })

  it("does not change a message that was made before", () => {
    const make = base64Message("<", ">")
    const first = make(Uint8Array.of(0, 1, 2))
    make(Uint8Array.of(255, 254, 253))
    assert.strictEqual(Buffer.from(first.data).toString(), "<AAEC>")
  })
})
