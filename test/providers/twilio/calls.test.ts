import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  account,
  accountSid,
  authToken,
  base,
  call,
  callResource,
  callSid,
  createdAtMs,
  twilioError
} from "./account.ts"

describe("hanging up", () => {
  it.live("completes the call", () =>
    account(
      () => ({ status: 200, json: callResource({ status: "completed" }) }),
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.hangUp(call)
          assert.strictEqual(received[0]?.path, `${base}/Calls/${callSid}.json`)
          assert.strictEqual(received[0]?.body, "Status=completed")
        })
    )
  )

  for (const [status, code] of [
    [404, 20404],
    [400, 21220]
  ] as const) {
    it.live(`of a call that is over already (${code}) is a success`, () =>
      account(
        () => twilioError(status, code),
        (provider, { received }) =>
          Effect.gen(function* () {
            yield* provider.hangUp(call)
            assert.strictEqual(received.length, 1)
          })
      )
    )
  }

  it.live("is refused with wrong credentials, and tried again when Twilio is unavailable", () =>
    Effect.gen(function* () {
      const refused = yield* account(
        () => twilioError(401, 20003),
        (provider) => Effect.flip(provider.hangUp(call))
      )
      assert.strictEqual(refused.kind, "credentials")
      yield* account(
        (_, earlier) => (earlier === 0 ? { status: 503, text: "" } : { status: 200, json: callResource() }),
        (provider) => provider.hangUp(call)
      )
    })
  )

  it.live("of a call whose dial was lost finds it first; where there is none it says so", () =>
    Effect.gen(function* () {
      const paths = yield* account(
        ({ method }) =>
          method === "GET" ? { status: 200, json: { calls: [callResource()] } } : { status: 200, json: callResource() },
        (provider, { received }) =>
          Effect.map(provider.hangUp({ ...call, providerCallId: undefined }), () => received.map(({ path }) => path))
      )
      assert.deepStrictEqual(paths, [
        `${base}/Calls.json?To=%2B442071838750&From=%2B14155550123&PageSize=50`,
        `${base}/Calls/${callSid}.json`
      ])
      const error = yield* account(
        () => ({ status: 200, json: { calls: [] } }),
        (provider) => Effect.flip(provider.hangUp({ ...call, providerCallId: undefined }))
      )
      assert.strictEqual(error.kind, "not-found")
    })
  )
})

const ask = (json: unknown, reference = call) =>
  account(
    () => ({ status: 200, json }),
    (provider) => provider.callStatus(reference)
  )

const createdAfter = (sid: string, seconds: number) =>
  callResource({
    sid,
    date_created: new Date(createdAtMs + seconds * 1000).toUTCString().replace("GMT", "+0000")
  })

describe("asking for the state of a call", () => {
  it.live("reports length and cost once it is over", () =>
    Effect.gen(function* () {
      const report = yield* ask(
        callResource({ status: "completed", duration: "49", price: "-0.03000", answered_by: "machine_start" })
      )
      assert.deepStrictEqual(report, {
        providerCallId: callSid,
        status: "completed",
        rawStatus: "completed",
        dedupeKey: `poll:${callSid}:completed`,
        durationMs: 49_000,
        cost: { amount: "0.03000", currency: "USD" },
        answeredBy: "machine"
      })
      assert.strictEqual((yield* ask(callResource({ status: "busy" })))?.durationMs, 0)
    })
  )

  it.live("reports a live call without a length, an unknown word without a status", () =>
    Effect.gen(function* () {
      const live = yield* ask(callResource({ status: "in-progress", duration: "5" }))
      assert.strictEqual(live?.status, "in-progress")
      assert.isUndefined(live?.durationMs)
      const odd = yield* ask(callResource({ status: "parked" }))
      assert.isUndefined(odd?.status)
      assert.strictEqual(odd?.rawStatus, "parked")
    })
  )

  it.live("a call that Twilio does not know is undefined, an error stays one", () =>
    Effect.gen(function* () {
      assert.isUndefined(
        yield* account(
          () => twilioError(404, 20404),
          (provider) => provider.callStatus(call)
        )
      )
      const error = yield* account(
        () => twilioError(401, 20003),
        (provider) => Effect.flip(provider.callStatus(call))
      )
      assert.strictEqual(error.kind, "credentials")
    })
  )

  it.live("a dial whose answer was lost is found by its addresses and its time", () =>
    Effect.gen(function* () {
      const lost = { ...call, providerCallId: undefined }
      const found = yield* ask(
        { calls: [createdAfter("CAnext", 300), createdAfter("CAours", 0), createdAfter("CAbefore", -120)] },
        lost
      )
      assert.strictEqual(found?.providerCallId, "CAours")
      const calls = [createdAfter("CAours", 4), createdAfter("CAother", 2)]
      const beside = yield* ask({ calls }, { ...lost, otherCalls: new Set(["CAother"]) })
      assert.strictEqual(beside?.providerCallId, "CAours")
      assert.isUndefined(yield* ask({ calls: [createdAfter("CAbefore", -120)] }, lost))
      assert.isUndefined(yield* ask({ calls: [] }, lost))
      assert.strictEqual((yield* ask({ calls: [callResource({ sid: "CAqueued" })] }, lost))?.providerCallId, "CAqueued")
    })
  )
})

const cost = (changes: Readonly<Record<string, unknown>>) =>
  account(
    () => ({ status: 200, json: callResource(changes) }),
    (provider) => provider.callCost?.(call) ?? Effect.die("no capability")
  )

describe("the cost of a call", () => {
  it.live("is a positive amount, undefined until Twilio has rated the call", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* cost({ price: "-0.03000", price_unit: "usd" }), {
        amount: "0.03000",
        currency: "USD"
      })
      assert.deepStrictEqual(yield* cost({ price: "-0.0" }), { amount: "0.0", currency: "USD" })
      assert.isUndefined(yield* cost({ price: null }))
      assert.isUndefined(yield* cost({ price: "free" }))
      assert.isUndefined(yield* cost({ price: "-0.1", price_unit: "points" }))
    })
  )
})

const tested = (json: unknown, status = 200) =>
  account(
    () => ({ status, json }),
    (provider) => provider.testConnection
  )

describe("testing the connection", () => {
  const body = { sid: accountSid, friendly_name: "Test", status: "active", type: "Full", auth_token: authToken }

  it.live("tells active, trial, suspended and refused accounts apart", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* tested(body), {
        ok: true,
        message: "Twilio accepts the credentials.",
        warnings: []
      })
      const trial = yield* tested({ ...body, type: "Trial" })
      assert.isTrue(trial.ok)
      assert.strictEqual(trial.warnings.length, 1)
      const suspended = yield* tested({ ...body, status: "suspended" })
      assert.isFalse(suspended.ok)
      assert.include(suspended.message, "suspended")
      const refused = yield* tested({ code: 20003, message: "Authenticate", status: 401 }, 401)
      assert.isFalse(refused.ok)
      assert.include(refused.message, "20003")
    })
  )

  it.live("does not call an unreachable Twilio wrong credentials", () =>
    Effect.gen(function* () {
      const error = yield* account(
        () => ({ status: 500, text: "" }),
        (provider) => Effect.flip(provider.testConnection)
      )
      assert.strictEqual(error.kind, "unavailable")
    })
  )
})
