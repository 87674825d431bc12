import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sign } from "../../../../src/providers/cloudonix/simulator/webhooks.ts"
import { at, cxml, dial, start } from "./peer.ts"

const connected = '{"token":"16a7294c989b11e7b3d32b9edb8660c7","status":"connected"}'
const vectors = [
  ["whsec_test", connected, "55ad2401d3a7120c6dde50979e7bfdc4f3e76681f2bbc8e86062ba5dd7975433"],
  [
    "whsec_test",
    '{"token":"16a7294c989b11e7b3d32b9edb8660c7","status":"busy"}',
    "4e08e325fa25316746e370a4a22a75a2e3fef99143ced5f87e2121b1d757c999"
  ],
  ["whsec_test", "{}", "46bdc2a2e83964bd2695acc6a1f97162d8bafc135a071aa5cd5c99aae5481440"],
  ["other", connected, "ab9bbe49049800bc8dc818e0526192fe4f3b997af5161ebc1d4d62416159d038"]
] as const

describe("the signature that some status callbacks carry", () => {
  it("is the published one", () => {
    for (const [secret, body, signature] of vectors) assert.strictEqual(sign(secret, body), signature)
  })

  it.effect("is on session updates only where the account has a secret, over the bytes that are sent", () =>
    Effect.gen(function* () {
      const run = Effect.fnUntraced(function* (options: Parameters<typeof start>[0], fault?: "wrong" | "missing") {
        const { carrier, peer } = yield* start(options)
        if (fault !== undefined) yield* carrier.faults.on(`signature-${fault}`)
        const callback = `${peer.url}/status/x`
        yield* Effect.flatMap(dial(carrier, { cxml: cxml("<Hangup/>"), callback }), (call) => call.settled)
        return at(peer, "/status/x").map(({ body, headers }) => {
          const signature = headers["x-cloudonix-signature"]
          return signature === undefined ? "none" : signature === sign("whsec_test", body) ? "right" : "wrong"
        })
      }, Effect.scoped)
      const secret = { signatureSecret: "whsec_test" }
      assert.isTrue((yield* run(secret)).every((signature) => signature === "right"))
      assert.isTrue((yield* run({ ...secret, updates: "list" })).every((signature) => signature === "right"))
      assert.isTrue((yield* run(secret, "wrong")).every((signature) => signature === "wrong"))
      assert.isTrue((yield* run(secret, "missing")).every((signature) => signature === "none"))
      assert.isTrue((yield* run({})).every((signature) => signature === "none"))
    })
  )
})
