import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { clientAddresses, clientNetwork } from "../../src/network/clientAddress.ts"

describe("the client's address", () => {
  it("is the connection's, unless that is a trusted proxy's", () => {
    const nobody = clientAddresses([])
    assert.strictEqual(nobody("203.0.113.9", "198.51.100.1"), "203.0.113.9")
    assert.strictEqual(nobody("::ffff:203.0.113.9", undefined), "203.0.113.9")
    const behind = clientAddresses(["10.0.0.0/8", "2001:db8::/32"])
    assert.strictEqual(behind("::ffff:10.0.0.7", "198.51.100.1"), "198.51.100.1")
    assert.strictEqual(behind("10.0.0.7", "1.2.3.4, 198.51.100.1, 10.9.9.9"), "198.51.100.1")
    assert.strictEqual(behind("10.0.0.7", "198.51.100.1:4711"), "198.51.100.1")
    assert.strictEqual(behind("2001:db8::1", "[2001:4860::1]:4711"), "2001:4860::1")
    assert.strictEqual(behind("10.0.0.7", undefined), "10.0.0.7")
    assert.strictEqual(behind("10.0.0.7", "10.0.0.8"), "10.0.0.8")
    assert.strictEqual(behind("10.0.0.7", "198.51.100.1, nonsense"), "10.0.0.7")
    assert.strictEqual(behind("198.51.100.1", "10.0.0.7"), "198.51.100.1")
  })

  it.prop("is an address of the connection or of the header, whatever strangers write", [Schema.String], ([header]) => {
    const client = clientAddresses(["10.0.0.0/8"])("10.0.0.7", header)
    return client === "10.0.0.7" || header.includes(client)
  })

  it("is counted by network where it is IPv6", () => {
    assert.strictEqual(clientNetwork("203.0.113.9"), "203.0.113.9")
    assert.strictEqual(clientNetwork("2001:DB8:1:2:3:4:5:6"), "2001:db8:1:2::/64")
    assert.strictEqual(clientNetwork("2001:db8::1"), "2001:db8:0:0::/64")
    assert.strictEqual(clientNetwork("::1"), "0:0:0:0::/64")
    assert.strictEqual(clientNetwork("fe80::1%eth0"), "fe80:0:0:0::/64")
    assert.strictEqual(clientNetwork("2001:0db8:0001:0002::9"), clientNetwork("2001:db8:1:2::1"))
  })
})
