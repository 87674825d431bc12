import { createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import { freePort } from "../support/service.ts"
import { type Behaviour, localCarrier, toolkit } from "./localCarrier.ts"
import { account, dial, failing, read } from "./restAccount.ts"

/** A port that takes connections and never says a word, not even TLS. */
const mutePort = Effect.gen(function* () {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket))
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
})
describe("a request to a carrier that fails", () => {
  for (const [status, kind] of [
    [302, "unavailable"],
    [400, "rejected"],
    [401, "credentials"],
    [403, "credentials"],
    [404, "not-found"],
    [410, "not-found"],
    [422, "rejected"],
    [500, "unavailable"],
    [502, "unknown-outcome"],
    [503, "unavailable"],
    [504, "unknown-outcome"]
  ] as const) {
    it.live(`a dial answered with ${status} fails as ${kind} and is not sent again`, () =>
      Effect.gen(function* () {
        const { error, received } = yield* failing(dial, () => ({ status, text: "<html>oops</html>" }))
        assert.strictEqual(error.kind, kind)
        assert.strictEqual(error.httpStatus, status)
        assert.strictEqual(error.provider, "acme")
        assert.include(error.message, "Calls.create")
        assert.notInclude(error.message, "oops")
        assert.strictEqual(received.length, 1)
      })
    )
  }

  it.live("a dial answered with 429 was not acted upon: it is sent again, up to three times", () =>
    Effect.gen(function* () {
      const { error, received } = yield* failing(dial, () => ({ status: 429 }))
      assert.deepInclude(error, { kind: "rate-limited", httpStatus: 429 })
      assert.strictEqual(received.length, 4)
      const carrier = yield* localCarrier((_, earlier) => (earlier === 0 ? { status: 429 } : { status: 201, json: 1 }))
      const { restClient } = yield* CarrierToolkit
      assert.strictEqual((yield* restClient(account(carrier.baseUrl)).send(dial)).status, 201)
      assert.strictEqual(carrier.received.length, 2)
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("a dial whose 429 asks for a pause that nobody waits for fails at once", () =>
    Effect.gen(function* () {
      const { error, received } = yield* failing(dial, () => ({ status: 429, headers: { "retry-after": "6" } }))
      assert.strictEqual(error.retryAfterMs, 6000)
      assert.strictEqual(received.length, 1)
    })
  )

  it.live("a dial that found no open port never left: it is sent again, once", () =>
    Effect.gen(function* () {
      const port = yield* freePort
      const { restClient } = yield* CarrierToolkit
      const sending = yield* Effect.forkChild(restClient(account(`http://127.0.0.1:${port}`)).send(dial))
      yield* Effect.sleep("100 millis")
      const carrier = yield* localCarrier(() => ({ status: 201, json: 1 }), port)
      assert.strictEqual((yield* Fiber.join(sending)).status, 201)
      assert.strictEqual(carrier.received.length, 1)
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("an idempotent request is tried three times more when the carrier is unavailable", () =>
    Effect.gen(function* () {
      const { error, received } = yield* failing(read, () => ({ status: 503 }))
      assert.strictEqual(error.kind, "unavailable")
      assert.strictEqual(received.length, 4)
    })
  )

  it.live("an idempotent request outlives a cut connection, a gateway error and a 429", () =>
    Effect.gen(function* () {
      const behaviours: ReadonlyArray<Behaviour> = ["cut", { status: 504 }, { status: 429 }, { status: 200, json: 1 }]
      const carrier = yield* localCarrier((_, earlier) => behaviours[earlier] ?? "silence")
      const { restClient } = yield* CarrierToolkit
      assert.strictEqual((yield* restClient(account(carrier.baseUrl)).send(read)).json, 1)
      assert.strictEqual(carrier.received.length, 4)
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("what will never work is not tried again", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* failing(read, () => ({ status: 400 }))).received.length, 1)
      assert.strictEqual((yield* failing(read, () => ({ status: 401 }))).received.length, 1)
      assert.strictEqual((yield* failing(read, () => ({ status: 404 }))).received.length, 1)
    })
  )

  it.live("Retry-After is waited for, in seconds or as a date", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const carrier = yield* localCarrier((_, earlier) => {
        times.push(performance.now())
        return earlier === 0 ? { status: 429, headers: { "retry-after": "1" } } : { status: 200, json: 1 }
      })
      const { restClient } = yield* CarrierToolkit
      yield* restClient(account(carrier.baseUrl)).send(read)
      assert.isAtLeast((times[1] ?? 0) - (times[0] ?? 0), 990)

      const past = yield* failing(dial, () => ({
        status: 429,
        headers: { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }
      }))
      assert.strictEqual(past.error.retryAfterMs, 0)
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("a Retry-After that is too long to wait for is handed to the caller at once", () =>
    Effect.gen(function* () {
      const { error, received } = yield* failing(read, () => ({ status: 429, headers: { "retry-after": "3600" } }))
      assert.strictEqual(error.kind, "rate-limited")
      assert.strictEqual(error.retryAfterMs, 3_600_000)
      assert.strictEqual(received.length, 1)
    })
  )

  it.effect("a dial that is not answered in 10 s has an unknown outcome and is not sent again", () =>
    Effect.gen(function* () {
      const carrier = yield* localCarrier(() => "silence")
      const { restClient } = yield* CarrierToolkit
      const sending = yield* Effect.forkChild(Effect.flip(restClient(account(carrier.baseUrl)).send(dial)))
      yield* carrier.arrived(1)
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(sending.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(sending)
      assert.strictEqual(error.kind, "unknown-outcome")
      assert.strictEqual(carrier.received.length, 1)
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("a dial whose connection is cut has an unknown outcome and is not sent again", () =>
    Effect.gen(function* () {
      const { error, received } = yield* failing(dial, () => "cut")
      assert.strictEqual(error.kind, "unknown-outcome")
      assert.strictEqual(received.length, 1)
    })
  )

  it.live("a carrier that cannot be reached got nothing: unavailable", () =>
    Effect.gen(function* () {
      const { restClient } = yield* CarrierToolkit
      const closed = yield* Effect.scoped(
        Effect.map(
          localCarrier(() => "cut"),
          ({ baseUrl }) => baseUrl
        )
      )
      const refused = yield* Effect.flip(restClient(account(closed)).send(dial))
      assert.strictEqual(refused.kind, "unavailable")
      assert.include(refused.message, "ECONNREFUSED")
      const nowhere = yield* Effect.flip(restClient(account("http://no-such-host.invalid")).send(dial))
      assert.strictEqual(nowhere.kind, "unavailable")
      const nonsense = yield* Effect.flip(restClient(account("nonsense")).send(dial))
      assert.strictEqual(nonsense.kind, "unavailable")
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("a connection that does not come about in 3 s carried nothing: unavailable", () =>
    Effect.gen(function* () {
      const port = yield* mutePort
      const { restClient } = yield* CarrierToolkit
      const error = yield* Effect.flip(restClient(account(`https://127.0.0.1:${port}`)).send(dial))
      assert.strictEqual(error.kind, "unavailable")
      assert.include(error.message, "UND_ERR_CONNECT_TIMEOUT")
    }).pipe(Effect.provide(toolkit(undefined)))
  )
})
