import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { comparedAddresses } from "../../ui/src/doctor/addressParts.ts"

const differing = (signed: string, rebuilt: string) =>
  comparedAddresses(signed, rebuilt)
    .filter(({ differs }) => differs)
    .map(({ part }) => part)

describe("two addresses side by side", () => {
  it("differ in the parts in which they do", () => {
    const ours = "https://voice.example/api/v1/telephony/inbound/acme?CallSid=***"
    assert.deepStrictEqual(differing(ours, ours), [])
    assert.deepStrictEqual(differing(ours, ours.replace("https", "http")), ["Scheme"])
    assert.deepStrictEqual(differing(ours, ours.replace("voice.example", "10.0.0.7:8080")), ["Host", "Port"])
    assert.deepStrictEqual(differing(ours, ours.replace("acme", "acme/")), ["Path"])
    assert.deepStrictEqual(differing(ours, ours.replace(/\?.*/, "")), ["Query"])
    assert.deepStrictEqual(differing("http://[::1]:8080/a", "http://[::2]:8080/a"), ["Host"])
  })

  it("say nothing differs of one and the same, whatever it is", () => {
    fc.assert(fc.property(fc.string(), (url) => differing(url, url).length === 0))
  })
})
