import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import { account, apiKey, call, createdAtMs, domain, own, session, stored, token } from "./account.ts"

const dial: PlaceCall = {
  callId: "run-42",
  from: "+14155550123",
  to: "+442071838750",
  links: {
    answer: "https://voice.example.com/api/v1/telephony/answer/token",
    route: (path) => `https://voice.example.com/api/v1/telephony/cloudonix${path}/token`
  },
  mediaUrl: Effect.succeed("wss://voice.example.com/ws/ticket?a=1&b=2"),
  ringTimeoutSeconds: 44.2,
  maxDurationSeconds: 3600
}

const placed = {
  status: 200,
  json: { domainId: 3, subscriberId: null, destination: "+442071838750", direction: "outbound-api", token }
} as const

describe("placing a call", () => {
  it.live("sends the document with the dial, our status URL, the caller id, and nothing else", () =>
    account(
      () => placed,
      (provider, { received }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* provider.placeCall(dial), { providerCallId: token, rawStatus: "initiated" })
          const [request] = received
          assert.strictEqual(request?.method, "POST")
          assert.strictEqual(request?.path, `/calls/${domain}/application`)
          assert.strictEqual(request?.headers.authorization, `Bearer ${apiKey}`)
          assert.deepStrictEqual(JSON.parse(request?.body ?? ""), {
            destination: "+442071838750",
            "caller-id": "+14155550123",
            cxml: '<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="wss://voice.example.com/ws/ticket?a=1&amp;b=2" name="run-42"/></Connect><Hangup/></Response>',
            execute: "connected",
            callback: "https://voice.example.com/api/v1/telephony/cloudonix/status/token",
            timeout: 45,
            timeLimit: 3600
          })
        })
    )
  )

  it.live("pins the trunk where one is chosen", () =>
    account(
      () => placed,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.placeCall(dial)
          assert.deepInclude(JSON.parse(received[0]?.body ?? ""), { trunk: "carrier-uk" })
        }),
      { ...stored, trunk: "carrier-uk" }
    )
  )

  it.effect("that is not answered in time has an unknown outcome, and is placed once", () =>
    account(
      () => "silence",
      (provider, { received, arrived }) =>
        Effect.gen(function* () {
          const placing = yield* Effect.forkChild(Effect.flip(provider.placeCall(dial)))
          yield* arrived(1)
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual((yield* Fiber.join(placing)).kind, "unknown-outcome")
          assert.strictEqual(received.length, 1)
        })
    )
  )

  for (const [what, answer] of [
    ["without a token", { status: 200, json: { domainId: 3 } }],
    ["without a body", { status: 200 }]
  ] as const)
    it.live(`that was taken on ${what} has an unknown outcome`, () =>
      account(
        () => answer,
        (provider, { received }) =>
          Effect.gen(function* () {
            assert.strictEqual((yield* Effect.flip(provider.placeCall(dial))).kind, "unknown-outcome")
            assert.strictEqual(received.length, 1)
          })
      )
    )

  for (const [status, kind, tries] of [
    [400, "rejected", 1],
    [401, "credentials", 1],
    [403, "credentials", 1],
    [404, "not-found", 1],
    [429, "rate-limited", 4],
    [500, "unavailable", 1],
    [502, "unknown-outcome", 1]
  ] as const)
    it.live(`refused with ${status} is ${kind}, with a next step, and nothing of Cloudonix's text`, () =>
      account(
        () => ({ status, json: { status: false, message: `key ${apiKey} not valid for +442071838750` } }),
        (provider, { received }) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(provider.placeCall(dial))
            assert.strictEqual(error.kind, kind)
            assert.strictEqual(error.httpStatus, status)
            assert.isAtLeast((error.message.match(/[A-Z][^.]+\./g) ?? []).length, 2, error.message)
            assert.notInclude(JSON.stringify(error) + error.stack, apiKey)
            assert.notInclude(JSON.stringify(error) + error.stack, "+442071838750")
            assert.strictEqual(received.length, tries)
          })
      )
    )
})

const at = (ms: number, named: string) =>
  session({ token: named, createdAt: undefined, callStartTime: createdAtMs + ms })

describe("the status of a call", () => {
  it.live("is that of its session", () =>
    account(
      () => ({
        status: 200,
        json: session({ status: "connected", callAnswerTime: createdAtMs + 2000, callEndTime: createdAtMs + 9500 })
      }),
      (provider, { received }) =>
        Effect.gen(function* () {
          const report = yield* provider.callStatus(call)
          assert.deepInclude(report, { providerCallId: token, status: "completed", durationMs: 7500 })
          assert.deepStrictEqual(
            received.map(({ method, path }) => `${method} ${path}`),
            [`GET ${own}/sessions/${token}`]
          )
        })
    )
  )

  it.live("is none where the session is gone, and an error where that is not sure", () =>
    Effect.gen(function* () {
      assert.isUndefined(
        yield* account(
          () => ({ status: 404, json: {} }),
          (provider) => provider.callStatus(call)
        )
      )
      const error = yield* account(
        () => ({ status: 403 }),
        (provider) => Effect.flip(provider.callStatus(call))
      )
      assert.strictEqual(error.kind, "credentials")
    })
  )

  it.live("is asked for again after a whole window of 429, which says nothing of when", () =>
    account(
      (_, earlier) => (earlier < 5 ? { status: 429 } : { status: 200, json: session() }),
      (provider, { received }) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* provider.callStatus(call))?.status, "ringing")
          assert.strictEqual(received.length, 6)
        })
    )
  )

  const lost = { ...call, providerCallId: undefined }
  const listed = (...sessions: ReadonlyArray<unknown>) =>
    account(
      ({ path }) => (path === `${own}/sessions` ? { status: 200, json: sessions } : { status: 500 }),
      (provider) =>
        Effect.map(provider.callStatus({ ...lost, otherCalls: new Set(["taken"]) }), (found) => found?.providerCallId)
    )

  it.live("of a lost dial is that of the oldest session between the two that is new and no other call's", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* listed(at(5000, "late"), at(1000, "right"), at(500, "taken"), at(-60_000, "old")),
        "right"
      )
      assert.strictEqual(yield* listed(session({ callerId: "14155550123", destination: "442071838750" })), token)
      assert.isUndefined(yield* listed(session({ destination: "+442071838751" }), session({ callerId: "+1415" })))
      assert.isUndefined(yield* listed())
      assert.strictEqual(yield* listed("junk", { token: 7 }, session({ createdAt: null, callStartTime: null })), token)
    })
  )

  it.live("of a lost dial in an empty domain is none: the empty list is a 404", () =>
    Effect.gen(function* () {
      assert.isUndefined(
        yield* account(
          () => ({ status: 404 }),
          (provider) => provider.callStatus(lost)
        )
      )
    })
  )
})

const whose = (state: unknown) =>
  account(
    ({ method }) => (method === "DELETE" ? { status: 500 } : { status: 200, json: state }),
    (provider) => Effect.result(provider.hangUp(call))
  )

describe("hanging up", () => {
  for (const status of [200, 204, 404])
    it.live(`by DELETE is done when it is answered ${status}`, () =>
      account(
        () => ({ status }),
        (provider, { received }) =>
          Effect.gen(function* () {
            yield* provider.hangUp(call)
            assert.deepStrictEqual(
              received.map(({ method, path }) => `${method} ${path}`),
              [`DELETE ${own}/sessions/${token}`]
            )
          })
      )
    )

  it.live("is tried again after a 500, and then done", () =>
    account(
      (_, earlier) => ({ status: earlier === 0 ? 500 : 204 }),
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.hangUp(call)
          assert.strictEqual(received.length, 2)
        })
    )
  )

  it.live("that goes on failing is done if the session is over after all, and else an error", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* whose(session({ callEndTime: createdAtMs + 5000 })))._tag, "Success")
      assert.strictEqual((yield* whose(session()))._tag, "Failure")
    })
  )

  it.live("of a call whose session nobody knows says so", () =>
    Effect.gen(function* () {
      const error = yield* account(
        () => ({ status: 404 }),
        (provider) => Effect.flip(provider.hangUp({ ...call, providerCallId: undefined }))
      )
      assert.strictEqual(error.kind, "not-found")
    })
  )
})

const tested = (domainAnswer: { readonly status: number; readonly json?: unknown }, trunks: unknown, values = stored) =>
  account(
    ({ path }) => {
      if (path === own) return domainAnswer
      return path === `/domains/${domain}/trunks` && trunks !== undefined
        ? { status: 200, json: trunks }
        : { status: 404 }
    },
    (provider) => provider.testConnection,
    values
  )

const trunk = (name: string, changes = {}) => ({ name, direction: "public-outbound", active: true, ...changes })

describe("testing the connection", () => {
  const good = { status: 200, json: { id: 3, uuid: "f73d69b8-992f-4eee-9dbc-e36188ada6ff", active: true } }

  it.live("is good for a domain that answers with its UUID, and speaks of its trunks", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* tested(good, [trunk("carrier-uk")]), { ok: true, warnings: [] })
      const warned = (trunks: unknown, values = stored) =>
        Effect.map(tested(good, trunks, values), ({ warnings }) => warnings.join())
      assert.include(yield* warned(undefined), "no active outbound trunk")
      assert.include(yield* warned([trunk("in", { direction: "public-inbound" })]), "no active outbound trunk")
      assert.include(yield* warned([trunk("a"), trunk("b")]), "2 active outbound trunks")
      const chosen = { ...stored, trunk: "a" }
      assert.strictEqual(yield* warned([trunk("a"), trunk("b")], chosen), "")
      assert.include(yield* warned([trunk("a", { active: false }), trunk("b")], chosen), 'trunk "a"')
    })
  )

  it.live("is bad where the key, the domain or its state are", () =>
    Effect.gen(function* () {
      for (const status of [401, 403, 404]) assert.isFalse((yield* tested({ status }, [])).ok)
      assert.isFalse((yield* tested({ status: 200, json: { ...good.json, active: false } }, [])).ok)
      const unread = yield* Effect.flip(tested({ status: 200, json: {} }, []))
      assert.strictEqual(unread._tag === "CarrierError" ? unread.kind : unread._tag, "unknown-outcome")
    })
  )
})
