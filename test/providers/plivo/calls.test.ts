import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import type { DialledTransfer } from "../../../src/carrier/TransferStrategy.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import { account, authId, authToken, base, call, callRecord, callUuid, liveCall, plivoError } from "./account.ts"

const json = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Json))

const dial: PlaceCall = {
  callId: "run-42",
  from: "+14155550100",
  to: "+14155550111",
  links: {
    answer: "https://voice.example.com/api/v1/telephony/answer/token",
    route: (path) => `https://voice.example.com/api/v1/telephony/plivo${path}/token`
  },
  mediaUrl: Effect.die("Plivo is told where to stream when it asks"),
  ringTimeoutSeconds: 45,
  maxDurationSeconds: 3600
}
const fired: Behaviour = { status: 201, json: { message: "call fired", request_uuid: "req-1", api_id: "x" } }

/** What the carrier answers by method and path below the account; 404 for the rest. */
const answers =
  (known: Readonly<Record<string, Behaviour>>) =>
  ({ method, path }: Received): Behaviour =>
    known[`${method} ${path.slice(base.length)}`] ?? plivoError(404)

const requests = (received: ReadonlyArray<Received>) =>
  received.map(({ method, path }) => `${method} ${path.slice(base.length)}`)

describe("placing a call", () => {
  it.live("sends numbers without plus and every URL, under the account's credentials", () =>
    account(
      () => fired,
      (provider, { received }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* provider.placeCall({ ...dial, maxDurationSeconds: 1e9 }), {
            providerCallId: "req-1",
            rawStatus: "call fired",
            memory: { request_uuid: "req-1" }
          })
          const [request] = received
          assert.strictEqual(`${request?.method} ${request?.path}`, `POST ${base}Call/`)
          assert.strictEqual(
            request?.headers.authorization,
            `Basic ${Buffer.from(`${authId}:${authToken}`).toString("base64")}`
          )
          const status = "https://voice.example.com/api/v1/telephony/plivo/status/token"
          assert.deepStrictEqual(json(request?.body ?? ""), {
            from: "14155550100",
            to: "14155550111",
            answer_url: "https://voice.example.com/api/v1/telephony/answer/token",
            answer_method: "POST",
            ring_url: status,
            ring_method: "POST",
            hangup_url: status,
            hangup_method: "POST",
            time_limit: 86_400,
            ring_timeout: 45
          })
        })
    )
  )

  it.live("takes the id by any of its names; without one the outcome is unknown", () =>
    Effect.gen(function* () {
      const placed = (body: unknown, status = 200) =>
        account(
          () => ({ status, json: body }),
          (provider) => provider.placeCall(dial)
        ).pipe(Effect.catchTag("InvalidCredentials", Effect.die))
      assert.strictEqual((yield* placed({ call_uuid: "c-1" })).providerCallId, "c-1")
      assert.strictEqual((yield* placed({ call_uuids: ["c-2", "c-3"] }, 202)).providerCallId, "c-2")
      assert.strictEqual((yield* Effect.flip(placed({ message: "call fired" }))).kind, "unknown-outcome")
      assert.strictEqual((yield* Effect.flip(placed("<html>"))).kind, "unknown-outcome")
    })
  )

  for (const [status, kind, tries] of [
    [400, "rejected", 1],
    [401, "credentials", 1],
    [403, "rejected", 1],
    [429, "rate-limited", 4],
    [500, "unavailable", 1],
    [504, "unknown-outcome", 1]
  ] as const) {
    it.live(
      `refused with ${status} is ${kind}, tried ${tries} times, with a next step and nothing of Plivo's text`,
      () =>
        account(
          () => plivoError(status),
          (provider, { received }) =>
            Effect.gen(function* () {
              const error = yield* Effect.flip(provider.placeCall(dial))
              assert.strictEqual(error.kind, kind)
              assert.isAtLeast((error.message.match(/[A-Z][^.]+\./g) ?? []).length, 2, error.message)
              assert.notInclude(JSON.stringify(error), authId)
              assert.notInclude(JSON.stringify(error), "14155550111")
              assert.strictEqual(received.length, tries)
            })
        )
    )
  }

  it.live("a 403 never puts the credentials in doubt; a body that is no JSON, or an object, is read all the same", () =>
    Effect.gen(function* () {
      const refusal = (behaviour: Behaviour) =>
        account(
          () => behaviour,
          (provider) => Effect.flip(provider.placeCall(dial))
        )
      const barred = yield* refusal(plivoError(403, "Calls to this destination region are barred"))
      assert.include(barred.message, "Geo permissions")
      assert.include((yield* refusal(plivoError(400, { to: "region barred" }))).message, "Geo permissions")
      assert.strictEqual((yield* refusal({ status: 401, text: "Could not verify" })).kind, "credentials")
    })
  )
})

describe("hanging up", () => {
  it.live(
    "ends the call; one that is not there may wait in the queue under its request's id; neither is a success",
    () =>
      Effect.gen(function* () {
        const tried = (known: Readonly<Record<string, Behaviour>>) =>
          account(answers(known), (provider, { received }) =>
            Effect.map(provider.hangUp({ ...call, memory: { request_uuid: "req-1" } }), () => requests(received))
          )
        const both = [`DELETE Call/${callUuid}/`, "DELETE Request/req-1/"]
        assert.deepStrictEqual(yield* tried({ [`DELETE Call/${callUuid}/`]: { status: 204 } }), both.slice(0, 1))
        assert.deepStrictEqual(yield* tried({ "DELETE Request/req-1/": { status: 204 } }), both)
        assert.deepStrictEqual(yield* tried({}), both)
      })
  )

  it.live("is tried again while Plivo fails, and says when it could not", () =>
    account(
      (_, earlier) => (earlier < 2 ? plivoError(500) : { status: 204 }),
      (provider, { received }) => Effect.map(provider.hangUp(call), () => assert.strictEqual(received.length, 3))
    )
  )
})

const rated = (total_amount: unknown) => ({
  [`GET Call/${callUuid}/`]: { status: 200, json: callRecord({ total_amount }) }
})

describe("asking for a call", () => {
  const asked = (known: Readonly<Record<string, Behaviour>>, of = call) =>
    account(answers(known), (provider, { received }) =>
      Effect.map(provider.callStatus(of), (report) => ({ report, requests: requests(received) }))
    )

  it.live("looks among the live ones, the records, and the queue", () =>
    Effect.gen(function* () {
      const live = yield* asked({ [`GET Call/${callUuid}/?status=live`]: { status: 200, json: liveCall() } })
      assert.strictEqual(live.report?.status, "in-progress")
      const record = yield* asked({ [`GET Call/${callUuid}/`]: { status: 200, json: callRecord() } })
      assert.strictEqual(record.report?.status, "completed")
      assert.strictEqual(record.report?.durationMs, 31_000)
      assert.deepStrictEqual(record.report?.cost, { amount: "0.00850", currency: "USD" })
      const queued = yield* asked({
        [`GET Call/${callUuid}/?status=queued`]: { status: 200, json: liveCall({ call_status: "queued" }) }
      })
      assert.strictEqual(queued.report?.status, "initiated")
      const none = yield* asked({})
      assert.isUndefined(none.report)
      assert.deepStrictEqual(none.requests, [
        `GET Call/${callUuid}/?status=live`,
        `GET Call/${callUuid}/`,
        `GET Call/${callUuid}/?status=queued`
      ])
    })
  )

  it.live("a record has no status of its own: its hangup code tells how the call ended", () =>
    Effect.gen(function* () {
      const busy = callRecord({ call_duration: 0, answer_time: null, hangup_cause_code: 3010, total_amount: "0.00000" })
      const { report } = yield* asked({ [`GET Call/${callUuid}/`]: { status: 200, json: busy } })
      assert.strictEqual(report?.status, "busy")
      assert.strictEqual(report?.failureCode, "3010")
      assert.isUndefined(report?.cost)
    })
  )

  it.live("whose id is unknown finds the one between the two numbers that is new and none of our others", () =>
    Effect.gen(function* () {
      const unknown = { ...call, providerCallId: undefined, otherCalls: new Set(["other-call"]) }
      const live = yield* asked(
        {
          "GET Call/?status=live": { status: 200, json: { calls: ["other-call", "foreign", callUuid] } },
          "GET Call/foreign/?status=live": { status: 200, json: liveCall({ call_uuid: "foreign", to: "1999" }) },
          [`GET Call/${callUuid}/?status=live`]: { status: 200, json: liveCall() }
        },
        unknown
      )
      assert.strictEqual(live.report?.providerCallId, callUuid)
      assert.notInclude(live.requests, "GET Call/other-call/?status=live")
      const list = "GET Call/?from_number=14155550100&to_number=14155550111&call_direction=outbound&limit=20&offset=0"
      const old = callRecord({ call_uuid: "old", initiation_time: "2024-10-25 19:40:00+05:30" })
      const over = {
        "GET Call/?status=live": { status: 200, json: { calls: [] } },
        [`GET Call/${callUuid}/`]: { status: 200, json: callRecord() }
      }
      const found = yield* asked({ ...over, [list]: { status: 200, json: { objects: [callRecord(), old] } } }, unknown)
      assert.strictEqual(found.report?.providerCallId, callUuid)
      const none = yield* asked({ ...over, [list]: { status: 200, json: { objects: [old] } } }, unknown)
      assert.isUndefined(none.report)
    })
  )

  it.live("for its cost gives nothing until it is rated", () =>
    Effect.gen(function* () {
      const cost = (known: Readonly<Record<string, Behaviour>>) =>
        account(answers(known), (provider) => provider.callCost?.(call) ?? Effect.die("no capability"))
      assert.deepStrictEqual(yield* cost(rated("0.00850")), { amount: "0.00850", currency: "USD" })
      assert.isUndefined(yield* cost(rated("0.00000")))
      assert.isUndefined(yield* cost({}))
    })
  )
})

const tested = (behaviour: Behaviour) =>
  account(
    () => behaviour,
    (provider) => provider.testConnection
  )

describe("the account", () => {
  it.live("is accepted with warnings, or not", () =>
    Effect.gen(function* () {
      const trial = { account_type: "trial", cash_credits: "0.34", auto_recharge: false }
      assert.strictEqual((yield* tested({ status: 200, json: trial })).warnings.length, 2)
      const good = yield* tested({ status: 200, json: { account_type: "standard", cash_credits: "12.34" } })
      assert.deepStrictEqual([good.ok, good.warnings], [true, []])
      assert.isFalse((yield* tested({ status: 401, text: "no" })).ok)
    })
  )
})

describe("a transfer", () => {
  const transfer: DialledTransfer = {
    transferId: "t-1",
    call,
    destination: "+14155550122",
    callerId: "+14155550100",
    ringTimeoutSeconds: 30,
    maxDurationSeconds: 600,
    announcement: undefined,
    room: "transfer-t-1",
    links: { route: (path) => `https://voice.example.com/plivo${path}/token` },
    destinationCallId: "dest-1",
    destinationMemory: { request_uuid: "req-2" }
  }

  it.live("dials the destination with URLs of its own, numbers without plus", () =>
    account(
      () => fired,
      (provider, { received }) =>
        Effect.gen(function* () {
          const placed = yield* provider.transfer?.dial(transfer) ?? Effect.die("no capability")
          assert.strictEqual(placed.providerCallId, "req-1")
          const told = "https://voice.example.com/plivo/transfer-status/token"
          assert.deepStrictEqual(json(received[0]?.body ?? ""), {
            from: "14155550100",
            to: "14155550122",
            answer_url: "https://voice.example.com/plivo/transfer-answer/token",
            answer_method: "POST",
            ring_url: told,
            ring_method: "POST",
            hangup_url: told,
            hangup_method: "POST",
            ring_timeout: 30,
            time_limit: 600
          })
        })
    )
  )

  it.live("redirects the caller's leg alone, and fails when the caller is gone", () =>
    Effect.gen(function* () {
      const joined = (behaviour: Behaviour) =>
        account(answers({ [`POST Call/${callUuid}/`]: behaviour }), (provider, { received }) =>
          Effect.map(provider.transfer?.join(transfer) ?? Effect.die("no capability"), () => received[0]?.body ?? "")
        ).pipe(Effect.catchTag("InvalidCredentials", Effect.die))
      // Older accounts are answered in the older spelling.
      const body = yield* joined({ status: 202, json: { message: "call transfered", api_id: "x" } })
      assert.deepStrictEqual(json(body), {
        legs: "aleg",
        aleg_url: "https://voice.example.com/plivo/transfer-caller/token",
        aleg_method: "POST"
      })
      assert.strictEqual((yield* Effect.flip(joined(plivoError(404)))).kind, "not-found")
    })
  )

  it.live("drops the destination, ringing or not; without an id there is nothing to drop", () =>
    account(answers({}), (provider, { received }) =>
      Effect.gen(function* () {
        const strategy = provider.transfer ?? assert.fail("no capability")
        yield* strategy.drop(transfer)
        yield* strategy.drop({ ...transfer, destinationCallId: undefined })
        assert.deepStrictEqual(requests(received), ["DELETE Call/dest-1/", "DELETE Request/req-2/"])
        assert.isUndefined(yield* strategy.status(transfer))
        assert.isUndefined(yield* strategy.status({ ...transfer, destinationCallId: undefined }))
      })
    )
  )
})
