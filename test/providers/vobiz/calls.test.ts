import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import { account, authId, authToken, base, call, callId } from "./account.ts"

const dial: PlaceCall = {
  callId: "run-42",
  from: "+911140000001",
  to: "+919800000001",
  links: {
    answer: "https://voice.example.com/answer/token",
    route: (path) => `https://voice.example.com/vobiz${path}/token`
  },
  mediaUrl: Effect.die("Vobiz is told where to stream when it asks"),
  ringTimeoutSeconds: 45,
  maxDurationSeconds: 3600
}

const created = { status: 200, json: { api_id: "1", message: "Call fired", request_uuid: callId } } as const

describe("placing a call", () => {
  it.live("sends digits and our URLs, under the account's own headers", () =>
    account(
      () => created,
      (provider, received) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* provider.placeCall(dial), { providerCallId: callId, rawStatus: "initiated" })
          const [request] = received
          assert.strictEqual(`${request?.method} ${request?.path}`, `POST ${base}/Call/`)
          assert.strictEqual(request?.headers["x-auth-id"], authId)
          assert.strictEqual(request?.headers["x-auth-token"], authToken)
          assert.isUndefined(request?.headers.authorization)
          assert.deepStrictEqual(JSON.parse(request?.body ?? ""), {
            from: "911140000001",
            to: "919800000001",
            answer_url: "https://voice.example.com/answer/token",
            answer_method: "POST",
            ring_url: "https://voice.example.com/vobiz/status/token",
            ring_method: "POST",
            hangup_url: "https://voice.example.com/vobiz/status/token",
            hangup_method: "POST",
            ring_timeout: 45,
            time_limit: 3600
          })
        })
    )
  )

  it.live("any 2xx is a placed call, and its id has several names", () =>
    Effect.gen(function* () {
      for (const [status, json] of [
        [201, { call_uuid: "a", request_uuid: "b" }],
        [202, { CallUUID: "a", call_uuid: null }],
        [200, { RequestUUID: "a", request_uuid: "" }]
      ] as const) {
        const placed = yield* account(
          () => ({ status, json }),
          (provider) => provider.placeCall(dial)
        )
        assert.strictEqual(placed.providerCallId, "a")
      }
    })
  )

  for (const answer of [
    { status: 200, json: { message: "Call fired" } },
    { status: 200, text: "<html>" },
    "cut"
  ] as const) {
    it.live(
      `whose answer does not tell the id has an unknown outcome, and is placed once: ${JSON.stringify(answer)}`,
      () =>
        account(
          () => answer,
          (provider, received) =>
            Effect.gen(function* () {
              assert.strictEqual((yield* Effect.flip(provider.placeCall(dial))).kind, "unknown-outcome")
              assert.strictEqual(received.length, 1)
            })
        )
    )
  }

  for (const [status, json, kind, code] of [
    [401, { error: { code: "INVALID_CREDENTIALS", message: "MA_TEST0001" } }, "credentials", "INVALID_CREDENTIALS"],
    [401, { message: "Not Found MA_TEST0001" }, "credentials", undefined],
    [402, { error: "MA_TEST0001 has no balance" }, "rejected", undefined],
    [402, { error: { code: "INSUFFICIENT_BALANCE" } }, "rejected", "INSUFFICIENT_BALANCE"],
    [403, { error: { code: "ACCOUNT_INACTIVE" } }, "credentials", "ACCOUNT_INACTIVE"],
    [422, { error: { code: "VALIDATION_ERROR", message: "+919800000001" } }, "rejected", "VALIDATION_ERROR"],
    [400, { api_id: "1", error: "+919800000001 is wrong" }, "rejected", undefined],
    [409, { error: "did_cool_off_in_effect" }, "rejected", "did_cool_off_in_effect"],
    [503, {}, "unavailable", undefined]
  ] as const) {
    it.live(`refused with ${status} ${JSON.stringify(json)} is ${kind}, with nothing of Vobiz's text`, () =>
      account(
        () => ({ status, json }),
        (provider, received) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(provider.placeCall(dial))
            assert.strictEqual(error.kind, kind)
            assert.strictEqual(error.code, code)
            const shown = JSON.stringify(error) + error.stack
            for (const secret of [authId, authToken, "+919800000001"]) assert.notInclude(shown, secret)
            assert.strictEqual(received.length, 1)
          })
      )
    )
  }

  it.live("over the limit is tried again", () =>
    account(
      (_, earlier) => (earlier === 0 ? { status: 429, json: { error: { code: "RATE_LIMIT_EXCEEDED" } } } : created),
      (provider, received) =>
        Effect.gen(function* () {
          yield* provider.placeCall(dial)
          assert.strictEqual(received.length, 2)
        })
    )
  )
})

describe("hanging up", () => {
  for (const status of [204, 404]) {
    it.live(`is done with ${status}`, () =>
      account(
        () => ({ status }),
        (provider, received) =>
          Effect.gen(function* () {
            yield* provider.hangUp(call)
            assert.deepStrictEqual(
              received.map(({ method, path }) => `${method} ${path}`),
              [`DELETE ${base}/Call/${callId}/`]
            )
          })
      )
    )
  }

  it.live("of a call without an id asks nothing and calls the outcome unknown", () =>
    account(
      () => ({ status: 204 }),
      (provider, received) =>
        Effect.gen(function* () {
          const lost = { ...call, providerCallId: undefined }
          assert.strictEqual((yield* Effect.flip(provider.hangUp(lost))).kind, "unknown-outcome")
          assert.strictEqual((yield* Effect.flip(provider.callStatus(lost))).kind, "unknown-outcome")
          assert.strictEqual(received.length, 0)
        })
    )
  )
})

const data = {
  uuid: callId,
  answer_time: "2026-06-01T10:00:09Z",
  duration: 72,
  billsec: 63,
  cost: "0.90",
  streaming_cost: "0.30",
  total_cost: "1.20",
  currency: "INR",
  hangup_cause: "NORMAL_CLEARING",
  hangup_cause_code: 4000,
  hangup_source: "Caller"
}

/** Asks an account where the call is live, queued or on record; gives the report and the paths asked for. */
const asked = (found: { readonly live?: unknown; readonly queued?: unknown; readonly record?: unknown }) =>
  account(
    ({ path }) => {
      const json = path.endsWith("?status=live")
        ? found.live
        : path.endsWith("?status=queued")
          ? found.queued
          : found.record
      return json === undefined ? { status: 404, json: { error: "not found" } } : { status: 200, json }
    },
    (provider, received) =>
      Effect.map(provider.callStatus(call), (report) => ({ report, paths: received.map(({ path }) => path) }))
  )

describe("asking for the state of a call", () => {
  it.live("a live call is asked for as live, else Vobiz would look among the ended ones", () =>
    Effect.gen(function* () {
      const { paths, report } = yield* asked({ live: { call_status: "in-progress", call_uuid: callId } })
      assert.deepStrictEqual(paths, [`${base}/Call/${callId}/?status=live`])
      assert.deepInclude(report, { providerCallId: callId, status: "in-progress", rawStatus: "in-progress" })
      assert.isUndefined(report?.durationMs)
      assert.strictEqual((yield* asked({ queued: { call_status: "queued" } })).report?.status, "initiated")
    })
  )

  it.live("one that is over has its record, whose duration includes the ringing and is not read", () =>
    Effect.gen(function* () {
      const { paths, report } = yield* asked({ record: { success: true, data } })
      assert.strictEqual(paths.at(-1), `${base}/cdr/${callId}`)
      assert.deepStrictEqual(report, {
        providerCallId: callId,
        status: "completed",
        rawStatus: "NORMAL_CLEARING",
        dedupeKey: `poll:${callId}:record`,
        durationMs: 63_000,
        details: { hangup_cause_code: "4000", hangup_source: "Caller" },
        cost: { amount: "1.20", currency: "INR" }
      })
      const nobody = { ...data, answer_time: null, billsec: "0", hangup_cause_code: "3010" }
      const busy = yield* asked({ record: { data: nobody } })
      assert.deepInclude(busy.report, { status: "busy", failureCode: "3010", durationMs: 0 })
    })
  )

  it.live("one that is in none of these is undefined", () =>
    Effect.gen(function* () {
      assert.isUndefined((yield* asked({})).report)
    })
  )
})

describe("the cost of a call", () => {
  it.live("is the record's total in its own currency, number or text, undefined until it is there", () =>
    Effect.gen(function* () {
      const cost = (changes: object | undefined) =>
        account(
          () => (changes === undefined ? { status: 404 } : { status: 200, json: { data: { ...data, ...changes } } }),
          (provider) => provider.callCost?.(call) ?? Effect.die("no capability")
        )
      assert.deepStrictEqual(yield* cost({}), { amount: "1.20", currency: "INR" })
      assert.deepStrictEqual(yield* cost({ total_cost: 1.25, currency: "usd" }), { amount: "1.25", currency: "USD" })
      assert.isUndefined(yield* cost({ total_cost: null }))
      assert.isUndefined(yield* cost({ currency: null }))
      assert.isUndefined(yield* cost(undefined))
    })
  )
})

it.live("digits are sent over the API, to the one leg", () =>
  account(
    () => ({ status: 202, json: {} }),
    (provider, received) =>
      Effect.gen(function* () {
        yield* provider.sendDigits?.(call, "12#") ?? Effect.die("no capability")
        assert.strictEqual(received[0]?.path, `${base}/Call/${callId}/DTMF/`)
        assert.deepStrictEqual(JSON.parse(received[0]?.body ?? ""), { digits: "12#", leg: "aleg" })
      })
  )
)
