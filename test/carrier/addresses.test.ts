import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { getCountries, getExampleNumber } from "libphonenumber-js/max"
import examples from "libphonenumber-js/mobile/examples" with { type: "json" }
import { type AddressHints, addressCandidates, canonicalAddress } from "../../src/carrier/addresses.ts"

const read = (input: string, hints?: AddressHints) => Result.getOrThrow(canonicalAddress(input, hints)).address
const refusal = (input: string, hints?: AddressHints) =>
  Result.getOrThrow(Result.flip(canonicalAddress(input, hints))).message

describe("addresses", () => {
  it("reads a number however it is written", () => {
    for (const written of [
      "+14155550100",
      "+1 (415) 555-0100",
      "(+1) 415.555.0100",
      "＋1 415 555 0100",
      "00 1 415 555 0100",
      "\u202a+1 415\u00a0555\u20110100\u202c",
      "tel:+1-415-555-0100",
      "TEL:+14155550100;isub=1",
      "tel:555-0100;phone-context=+1-415"
    ]) {
      assert.strictEqual(read(written), "+14155550100", written)
    }
    assert.strictEqual(read("+44 (0)20 7946 0958"), "+442079460958")
    assert.strictEqual(read("+٤٤٢٠٧٩٤٦٠٩٥٨"), "+442079460958")
  })

  it("lets an explicit + or 00 win over any hint", () => {
    assert.strictEqual(read("+44 20 7946 0958", { country: "US" }), "+442079460958")
    assert.strictEqual(read("00442079460958", { country: "US" }), "+442079460958")
    assert.strictEqual(read("+44 20 7946 0958", { country: "nonsense" }), "+442079460958")
  })

  it("needs a country for a national number", () => {
    assert.strictEqual(read("020 7946 0958", { country: "gb" }), "+442079460958")
    assert.match(refusal("020 7946 0958"), /needs a country/)
    assert.match(refusal("020 7946 0958", { country: "XX" }), /ISO 3166-1/)
  })

  it("says the country of a number", () => {
    assert.strictEqual(Result.getOrThrow(canonicalAddress("+442079460958")).country, "GB")
    assert.isUndefined(Result.getOrThrow(canonicalAddress("+80012345678")).country)
  })

  it("refuses what cannot be a number", () => {
    for (const written of [
      "",
      "+",
      "+1",
      "+999123456789",
      "+1415555010012345",
      "100",
      "++14155550100",
      "call +14155550100"
    ]) {
      assert.isTrue(Result.isFailure(canonicalAddress(written, { country: "US" })), written)
    }
    assert.match(refusal("+1 415 555 0100 ext. 5"), /extension/)
    assert.match(refusal("tel:+14155550100;ext=5"), /extension/)
    assert.match(refusal("1-800-FLOWERS", { country: "US" }), /cannot be a phone number/)
  })

  it("keeps the case of a SIP user and nothing else", () => {
    assert.strictEqual(read("SIP:Alice@Example.COM:5060;Transport=TLS"), "sip:Alice@example.com:5060;transport=tls")
    assert.strictEqual(read("sips:Bob@[2001:DB8::1]?subject=x"), "sips:Bob@[2001:db8::1]")
    assert.strictEqual(read("Alice@PBX.local"), "sip:Alice@pbx.local")
    for (const bad of ["sip:", "sip:alice", "sip:alice:secret@host", "sip:a b@host", "sip:a@host:99999", "sip:a@"]) {
      assert.match(refusal(bad, { type: "sip_uri" }), /SIP URI/, bad)
    }
  })

  it("takes an extension only when it is called one", () => {
    assert.strictEqual(read("Reception", { type: "sip_extension" }), "Reception")
    assert.strictEqual(read(" 100 ", { type: "sip_extension" }), "100")
    assert.isTrue(Result.isFailure(canonicalAddress("100")))
    assert.isTrue(Result.isFailure(canonicalAddress("two words", { type: "sip_extension" })))
  })

  it("finds the forms under which a carrier's address may be stored", () => {
    assert.deepStrictEqual(addressCandidates("4155550100", "US"), ["+14155550100", "4155550100"])
    assert.deepStrictEqual(addressCandidates("sip:A@H;transport=udp", undefined), ["sip:A@h;transport=udp", "sip:A@h"])
    assert.deepStrictEqual(addressCandidates("100", undefined), ["100"])
    assert.deepStrictEqual(addressCandidates("442071838750", undefined), ["+442071838750", "442071838750"])
    assert.deepStrictEqual(addressCandidates("442071838750", "US"), ["+442071838750", "442071838750"])
  })

  it("reads every country's example number, national or international, as the same", () => {
    for (const country of getCountries()) {
      const number = getExampleNumber(country, examples)
      if (number === undefined) continue
      assert.strictEqual(read(number.formatInternational()), number.number, country)
      assert.strictEqual(read(number.formatNational(), { country }), number.number, country)
      assert.strictEqual(read(number.number, { country: "US" }), number.number, country)
      assert.strictEqual(read(number.getURI()), number.number, country)
    }
  })
})

const hints = fc.record(
  {
    country: fc.oneof(fc.constantFrom("US", "GB", "DE", "AR", "IT", "CI", "xx"), fc.string()),
    type: fc.constantFrom("pstn" as const, "sip_uri" as const, "sip_extension" as const)
  },
  { requiredKeys: [] }
)
const phonish = fc
  .array(fc.constantFrom(..."+00123456789 ()-./;=xtel:sip@٣＋".split("")), { maxLength: 24 })
  .map((characters) => characters.join(""))
const written = fc.oneof(
  fc.string({ unit: "binary" }),
  phonish,
  phonish.map((text) => `+${text}`),
  phonish.map((text) => `tel:${text}`),
  fc.webUrl().map((url) => url.replace(/^https?:\/\//, "sip:me@"))
)

describe("addresses, for any input", () => {
  it("never throws, and reading the result again changes nothing, whatever the hint", () => {
    fc.assert(
      fc.property(written, hints, fc.string(), (input, hints, country) => {
        const first = canonicalAddress(input, hints)
        addressCandidates(input, hints.country)
        if (Result.isFailure(first)) return
        const { address, type } = first.success
        assert.deepStrictEqual(canonicalAddress(address, { country, type }), first)
        assert.isTrue(addressCandidates(address, country).includes(address))
      }),
      { numRuns: 3000 }
    )
  })

  it("gives E.164 for phone numbers", () => {
    fc.assert(
      fc.property(phonish, (input) => {
        const result = canonicalAddress(input, { country: "GB", type: "pstn" })
        if (Result.isSuccess(result)) assert.match(result.success.address, /^\+[1-9]\d{3,16}$/)
      }),
      { numRuns: 3000 }
    )
  })
})
