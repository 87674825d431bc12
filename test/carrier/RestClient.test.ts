import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Tracer } from "effect"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import { bearer } from "../../src/carrier/RestClient.ts"
import { maxAnswerBytes } from "../../src/carrier/restAnswer.ts"
import { localCarrier, toolkit } from "./localCarrier.ts"
import { account, dial, failing, read, secret } from "./restAccount.ts"

describe("RestClient", () => {
  it.live("sends the form in order with repeated names, and the credentials in the header only", () =>
    Effect.gen(function* () {
      const carrier = yield* localCarrier(() => ({ status: 201, json: { sid: "CA1" } }))
      const { restClient } = yield* CarrierToolkit
      const answer = yield* restClient(account(carrier.baseUrl)).send({ ...dial, query: [["Page Size", "5&6"]] })
      assert.deepStrictEqual(answer.json, { sid: "CA1" })
      const [got] = carrier.received
      assert.strictEqual(got?.path, "/calls?Page+Size=5%266")
      assert.strictEqual(got?.body, "To=%2B44+%26+more&Event=a&Event=b")
      assert.strictEqual(got?.headers["content-type"], "application/x-www-form-urlencoded")
      assert.strictEqual(got?.headers.authorization, `Basic ${Buffer.from(`user:${secret}`).toString("base64")}`)
      assert.isUndefined(got?.headers["traceparent"])
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("sends a bearer token and JSON", () =>
    Effect.gen(function* () {
      const carrier = yield* localCarrier(() => ({ status: 200, text: "not json" }))
      const { restClient } = yield* CarrierToolkit
      const client = restClient(account(carrier.baseUrl, { authorization: bearer(Redacted.make(secret)) }))
      const answer = yield* client.send({ ...dial, body: { json: { a: [1, null] } } })
      assert.isUndefined(answer.json)
      assert.strictEqual(answer.text, "not json")
      assert.strictEqual(carrier.received[0]?.headers.authorization, `Bearer ${secret}`)
      assert.strictEqual(carrier.received[0]?.body, '{"a":[1,null]}')
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("sends the carrier's own credential headers in place of Authorization", () =>
    Effect.gen(function* () {
      const carrier = yield* localCarrier(() => ({ status: 200, json: {} }))
      const { restClient } = yield* CarrierToolkit
      const credentialHeaders = { "x-acme-token": Redacted.make(secret) }
      const baseUrl = carrier.baseUrl
      yield* restClient({ provider: "acme", baseUrl, accountKey: "1", credentialHeaders, explain: () => ({}) }).send(
        dial
      )
      assert.strictEqual(carrier.received[0]?.headers["x-acme-token"], secret)
      assert.isUndefined(carrier.received[0]?.headers.authorization)
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("an answer over the bound is not kept", () =>
    Effect.gen(function* () {
      const long = JSON.stringify("x".repeat(maxAnswerBytes))
      const { error, received } = yield* failing(dial, () => ({ status: 201, text: long }))
      assert.strictEqual(error.kind, "unknown-outcome")
      assert.strictEqual(received.length, 1)
      const exact = JSON.stringify("x".repeat(maxAnswerBytes - 2))
      const carrier = yield* localCarrier(() => ({ status: 200, text: exact }))
      const { restClient } = yield* CarrierToolkit
      assert.strictEqual((yield* restClient(account(carrier.baseUrl)).send(read)).text.length, maxAnswerBytes)
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("the carrier's own explanation wins over the status", () =>
    Effect.gen(function* () {
      const carrier = yield* localCarrier(() => ({ status: 400, json: { code: 7 } }))
      const { restClient } = yield* CarrierToolkit
      const error = yield* Effect.flip(
        restClient(
          account(carrier.baseUrl, {
            explain: ({ json }) => ({ kind: "not-found", code: JSON.stringify(json), message: "Gone. Do this." })
          })
        ).send(dial)
      )
      assert.strictEqual(error.kind, "not-found")
      assert.strictEqual(error.code, '{"code":7}')
      assert.strictEqual(error.message, "Gone. Do this.")
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("one account has at most 8 requests under way; others are not held up by it", () =>
    Effect.gen(function* () {
      const carrier = yield* localCarrier(({ path }) => (path === "/things" ? "silence" : { status: 200, json: 1 }))
      const { restClient } = yield* CarrierToolkit
      const client = restClient(account(carrier.baseUrl))
      const other = restClient(account(carrier.baseUrl, { accountKey: "account-2" }))
      const sameAgain = restClient(account(carrier.baseUrl))
      const busy = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 8 }, () => client.send(read)),
          { concurrency: "unbounded" }
        )
      )
      yield* carrier.arrived(8)
      const waiting = yield* Effect.forkChild(sameAgain.send({ ...read, path: "/ninth" }))
      for (const path of ["/a", "/b", "/c"]) yield* other.send({ ...read, path })
      assert.deepStrictEqual(
        carrier.received.slice(8).map(({ path }) => path),
        ["/a", "/b", "/c"]
      )
      yield* Fiber.interrupt(busy)
      yield* Fiber.join(waiting)
      assert.strictEqual(carrier.received.at(-1)?.path, "/ninth")
    }).pipe(Effect.provide(toolkit(undefined)))
  )

  it.live("neither spans nor errors hold credentials, URLs or bodies", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const { error } = yield* failing({ ...dial, path: "/path-t0ken", query: [["q", "query-t0ken"]] }, () => ({
        status: 400,
        text: "body-t0ken"
      })).pipe(Effect.withTracer(tracer))
      const text = JSON.stringify(
        [error, String(error), error.stack, spans.map((span) => [span.name, Array.from(span.attributes), span.status])],
        (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)
      )
      assert.include(text, "Calls.create")
      assert.notInclude(text, "t0ken")
      assert.notInclude(text, "%2B44")
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["RestClient.send"]
      )
    })
  )
})

describe("CarrierToolkit.baseUrl", () => {
  it.live("is the standard one unless the operator set another; trailing slashes are taken off", () =>
    Effect.gen(function* () {
      const standard = yield* CarrierToolkit.use(({ baseUrl }) =>
        Effect.succeed(baseUrl("acme", "https://a.example/"))
      ).pipe(Effect.provide(toolkit(undefined)))
      const overridden = yield* CarrierToolkit.use(({ baseUrl }) =>
        Effect.succeed(baseUrl("acme", "https://a.example"))
      ).pipe(Effect.provide(toolkit("http://127.0.0.1:1//")))
      assert.strictEqual(standard, "https://a.example")
      assert.strictEqual(overridden, "http://127.0.0.1:1")
    })
  )
})
