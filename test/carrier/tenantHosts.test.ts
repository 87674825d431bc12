import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import { carrierHttpClient } from "../../src/carrier/carrierHttpClient.ts"
import { Settings } from "../../src/Settings.ts"
import { localCarrier } from "./localCarrier.ts"

/** What comes of a request to a tenant's own host, on a service that carriers reach at a public address. */
const ask = Effect.fnUntraced(function* (environment: (url: string) => Readonly<Record<string, string>>) {
  const { baseUrl: url, received } = yield* localCarrier(() => ({ status: 200, json: {} }))
  const settings = Settings.test({ PUBLIC_URL: "https://voice.example.com", ...environment(url) })
  const toolkit = yield* Layer.build(CarrierToolkit.layer.pipe(Layer.provide([settings, carrierHttpClient])))
  const outcome = yield* Effect.gen(function* () {
    const { restClient } = yield* CarrierToolkit
    const client = restClient({
      provider: "acme",
      baseUrl: url.replace("127.0.0.1", "localhost"),
      accountKey: "one",
      authorization: Effect.succeed(Redacted.make("Basic x")),
      explain: () => ({}),
      tenantHost: true
    })
    return yield* Effect.result(
      client.send({ operation: "Things.get", method: "GET", path: "/things", idempotent: true })
    )
  }).pipe(Effect.provideContext(toolkit))
  return { outcome, requests: received.length }
})

describe("a host that a tenant typed in", () => {
  it.live("is not asked when it is in the operator's own network", () =>
    Effect.gen(function* () {
      const { outcome, requests } = yield* ask(() => ({}))
      assert.strictEqual(requests, 0)
      assert.deepInclude(outcome, { _tag: "Failure" })
      if (outcome._tag === "Failure") {
        assert.strictEqual(outcome.failure.kind, "rejected")
        assert.include(outcome.failure.message, "SWITCHBOARD_PRIVATE_HOSTS")
      }
    }).pipe(Effect.scoped)
  )

  it.live("is asked where the operator lists its network", () =>
    Effect.gen(function* () {
      const { outcome, requests } = yield* ask(() => ({ SWITCHBOARD_PRIVATE_HOSTS: "localhost,127.0.0.0/8" }))
      assert.strictEqual(outcome._tag, "Success")
      assert.strictEqual(requests, 1)
    }).pipe(Effect.scoped)
  )

  it.live("is not judged where the operator set it for the provider", () =>
    Effect.gen(function* () {
      const { outcome } = yield* ask((url) => ({
        SWITCHBOARD_CARRIER_URL_ACME: url.replace("127.0.0.1", "localhost")
      }))
      assert.strictEqual(outcome._tag, "Success")
    }).pipe(Effect.scoped)
  )
})
