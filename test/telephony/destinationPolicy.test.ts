import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type DestinationPolicy, destinationRefused } from "../../src/telephony/destinationPolicy.ts"
import { premiumCountryCodes } from "../../src/telephony/premiumRanges.ts"

const policy = (changes: Partial<DestinationPolicy> = {}): DestinationPolicy => ({
  allowedPrefixes: [],
  deniedPrefixes: [],
  premiumRateAllowed: false,
  ...changes
})

describe("the destination policy", () => {
  it("lets usual numbers, SIP addresses and extensions pass by default", () => {
    for (const address of ["+442071838750", "+14155550100", "sip:bob@pbx.example", "100"])
      assert.isUndefined(destinationRefused(address, policy()), address)
  })

  it("denies premium-rate ranges, national and international, also as the user of a SIP address", () => {
    const numbers = ["+19005551234", "+449098790000", "+979123456789", "+8816123456789", "+870773123456"]
    for (const number of [...numbers, "sip:+19005551234@gateway.example"]) {
      assert.include(destinationRefused(number, policy()) ?? "", "premium", number)
      assert.isUndefined(destinationRefused(number, policy({ premiumRateAllowed: true })), number)
    }
  })

  it("denies every listed country code", () => {
    fc.assert(
      fc.property(fc.constantFrom(...premiumCountryCodes), fc.stringMatching(/^\d{6,9}$/), ({ code }, rest) =>
        assert.isDefined(destinationRefused(`+${code}${rest}`, policy()))
      )
    )
  })

  it("reads prefixes as people write them; denying wins over allowing", () => {
    for (const prefix of ["+44", "44", "0044", "+44 20"]) {
      assert.isUndefined(destinationRefused("+442071838750", policy({ allowedPrefixes: [prefix] })), prefix)
      assert.include(destinationRefused("+14155550100", policy({ allowedPrefixes: [prefix] })), "allowed prefixes")
      assert.include(destinationRefused("+442071838750", policy({ deniedPrefixes: [prefix] })), `prefix ${prefix}`)
    }
    const both = policy({ allowedPrefixes: ["+44"], deniedPrefixes: ["+4420"] })
    assert.isDefined(destinationRefused("+442071838750", both))
    assert.isUndefined(destinationRefused("+441632960000", both))
  })

  it("keeps number prefixes from matching extensions, and text prefixes from matching numbers", () => {
    assert.isDefined(destinationRefused("100", policy({ allowedPrefixes: ["1"] })))
    assert.isUndefined(destinationRefused("sip:bob@pbx.example", policy({ allowedPrefixes: ["sip:"] })))
    assert.isDefined(destinationRefused("+14155550100", policy({ allowedPrefixes: ["sip:"] })))
  })
})
