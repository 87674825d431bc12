import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { AgentEnvironment, addressGuard, httpGuard } from "../../src/agents/AgentEnvironment.ts"
import { isLoopbackHost, isPublicAddress } from "../../src/network/addresses.ts"
import type { ResolvedAddress, Resolver } from "../../src/network/hostGuard.ts"
import { Settings } from "../../src/Settings.ts"

const refused = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.0.9",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.7",
  "192.168.0.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "64:ff9b::a00:1",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:a00:1::1",
  "3fff::1",
  "fc00::1",
  "fd12:3456::1",
  "fe80::1",
  "fe80::1%eth0",
  "fec0::1",
  "ff02::1",
  "",
  "localhost",
  "8.8.8"
]
const reached = [
  "8.8.8.8",
  "1.1.1.1",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.0.1",
  "172.32.0.1",
  "2606:4700::1111",
  "2a00::1"
]

const resolvesTo =
  (...addresses: ReadonlyArray<string>): Resolver =>
  () =>
    Effect.succeed(addresses.map((address): ResolvedAddress => ({ address, family: address.includes(":") ? 6 : 4 })))

const guarded = (options: {
  readonly url?: string
  readonly addresses?: ReadonlyArray<string>
  readonly privateHosts?: ReadonlyArray<string>
  readonly publicUrl?: string
}) =>
  addressGuard({
    privateHosts: options.privateHosts ?? [],
    publicUrl: options.publicUrl ?? "https://switchboard.example",
    resolve: resolvesTo(...(options.addresses ?? []))
  })(options.url ?? "wss://agent.example/path")

const isRefused = (options: Parameters<typeof guarded>[0]) => Effect.isFailure(guarded(options))

describe("addresses that an agent may have", () => {
  it.each(refused)("are not %s", (address) => assert.isFalse(isPublicAddress(address)))
  it.each(reached)("are %s", (address) => assert.isTrue(isPublicAddress(address)))

  it("are never in a private network, whatever the bits", () => {
    const octet = fc.nat(255)
    const v4 = fc.oneof(
      fc.tuple(fc.constantFrom(0, 10, 127), octet, octet, octet),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
      fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet)
    )
    fc.assert(
      fc.property(v4, (parts) => {
        const address = parts.join(".")
        return !isPublicAddress(address) && !isPublicAddress(`::ffff:${address}`) && !isPublicAddress(`::${address}`)
      })
    )
    const group = fc.nat(0xffff).map((bits) => bits.toString(16))
    const first = fc.oneof(
      fc.integer({ min: 0xfc00, max: 0xffff }),
      fc.integer({ min: 0, max: 0x1fff }),
      fc.integer({ min: 0x4000, max: 0xfbff })
    )
    fc.assert(
      fc.property(
        first,
        fc.array(group, { minLength: 7, maxLength: 7 }),
        (head, rest) => !isPublicAddress([head.toString(16), ...rest].join(":"))
      )
    )
  })
})

/** The guard of a service with this address, with the machine's own resolver. */
const real = (publicUrl: string) => AgentEnvironment.layer.pipe(Layer.provide(Settings.test({ PUBLIC_URL: publicUrl })))

describe("the guard of agents' addresses", () => {
  it.effect("passes a public host on with what it resolved to", () =>
    Effect.gen(function* () {
      const target = yield* guarded({ addresses: ["2606:4700::1111", "1.1.1.1"] })
      assert.strictEqual(target.url.href, "wss://agent.example/path")
      assert.deepStrictEqual(target.addresses, [
        { address: "2606:4700::1111", family: 6 },
        { address: "1.1.1.1", family: 4 }
      ])
    })
  )

  it.effect("refuses a host of which one address is private, and one without addresses", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* isRefused({ addresses: ["1.1.1.1", "10.0.0.1"] }))
      assert.isTrue(yield* isRefused({ addresses: [] }))
      const error = yield* Effect.flip(guarded({ addresses: ["10.0.0.1"] }))
      assert.strictEqual(error.reason, "refused-address")
      assert.include(error.message, "SWITCHBOARD_PRIVATE_HOSTS")
      assert.notInclude(error.message, "10.0.0.1")
    })
  )

  it.effect("refuses what is no WebSocket address, and one with a password in it", () =>
    Effect.gen(function* () {
      for (const url of [
        "http://agent.example",
        "file:///etc/passwd",
        "agent.example",
        "wss://",
        "wss://u:p@agent.example"
      ]) {
        assert.isTrue(yield* isRefused({ url, addresses: ["1.1.1.1"] }), url)
      }
    })
  )

  it.effect("judges the URLs of tools as those of agents, but for their scheme", () =>
    Effect.gen(function* () {
      const check = (url: string, address = "1.1.1.1") =>
        httpGuard({ privateHosts: [], publicUrl: "https://switchboard.example", resolve: resolvesTo(address) })(url)
      assert.strictEqual((yield* check("https://tools.example/a")).url.href, "https://tools.example/a")
      assert.strictEqual((yield* check("http://tools.example")).addresses.length, 1)
      for (const url of ["wss://tools.example", "file:///etc/passwd", "tools.example", "https://u:p@tools.example"])
        assert.include((yield* Effect.flip(check(url))).message, "https://", url)
      for (const address of ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1"])
        assert.include(
          (yield* Effect.flip(check("https://tools.example", address))).message,
          "SWITCHBOARD_PRIVATE_HOSTS"
        )
    })
  )

  it.effect("allows what the operator lists: a host, an address, a network, in either family", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [string, string, boolean]> = [
        ["agent.example", "10.1.2.3", true],
        ["AGENT.example.", "10.1.2.3", true],
        ["other.example", "10.1.2.3", false],
        ["10.1.2.3", "10.1.2.3", true],
        ["10.1.0.0/16", "10.1.2.3", true],
        ["10.2.0.0/16", "10.1.2.3", false],
        ["fd00::/8", "fd12::1", true],
        ["fd00::/8", "fe80::1", false],
        ["10.0.0.0/33", "10.1.2.3", false],
        ["10.0.0.0/x", "10.1.2.3", false],
        ["", "10.1.2.3", false]
      ]
      for (const [entry, address, allowed] of cases) {
        assert.strictEqual(!(yield* isRefused({ privateHosts: [entry], addresses: [address] })), allowed, entry)
      }
    })
  )

  it.effect("allows loopback exactly where the service's own address is loopback, and no other private address", () =>
    Effect.gen(function* () {
      for (const publicUrl of ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080"]) {
        assert.isFalse(yield* isRefused({ publicUrl, addresses: ["127.0.0.1", "::1"] }), publicUrl)
        assert.isTrue(yield* isRefused({ publicUrl, addresses: ["10.0.0.1"] }), publicUrl)
        assert.isTrue(yield* isRefused({ publicUrl, addresses: ["::ffff:127.0.0.1"] }), publicUrl)
      }
      assert.isTrue(yield* isRefused({ addresses: ["127.0.0.1"] }))
      assert.isFalse(yield* isRefused({ addresses: ["127.0.0.1"], privateHosts: ["127.0.0.1"] }))
    })
  )

  it.live("sees through every spelling of this machine and its network", () =>
    Effect.gen(function* () {
      const { guard } = yield* AgentEnvironment
      const spellings = [
        "ws://localhost",
        "ws://LOCALHOST.:80",
        "ws://127.0.0.1",
        "ws://127.1",
        "ws://2130706433",
        "ws://0x7f000001",
        "ws://0177.0.0.1",
        "ws://0",
        "ws://[::1]",
        "ws://[::]",
        "ws://[::ffff:127.0.0.1]",
        "ws://[::ffff:7f00:1]",
        "ws://[0:0:0:0:0:0:0:1]",
        "ws://169.254.169.254/latest/meta-data",
        "ws://10.1",
        "ws://①②⑦.0.0.1"
      ]
      for (const url of spellings) {
        const error = yield* Effect.flip(guard(url))
        assert.strictEqual(error.reason, "refused-address", url)
      }
    }).pipe(Effect.provide(real("https://switchboard.example")))
  )

  it.live("lets agents on this machine be reached while one tries things out", () =>
    Effect.gen(function* () {
      const { guard } = yield* AgentEnvironment
      const target = yield* guard("ws://localhost:9000/calls")
      assert.isAbove(target.addresses.length, 0)
      assert.strictEqual((yield* Effect.flip(guard("ws://10.0.0.1"))).reason, "refused-address")
    }).pipe(Effect.provide(real("http://127.0.0.1:8080")))
  )

  it("knows loopback hosts by name and address", () => {
    for (const host of ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"]) {
      assert.isTrue(isLoopbackHost(host), host)
    }
    for (const host of ["localhost.example", "example", "128.0.0.1", "[::2]", ""])
      assert.isFalse(isLoopbackHost(host), host)
  })
})
