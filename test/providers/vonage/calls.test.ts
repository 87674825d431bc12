import { assert, describe, it } from "@effect/vitest"
import { verifySignature as sdkVerify } from "@vonage/jwt"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { decodeJwt, decodeProtectedHeader } from "jose"
import type { CallMemory, PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import { makeOnLeg } from "../../../src/providers/vonage/calls.ts"
import type { VonageRest } from "../../../src/providers/vonage/rest.ts"
import { CarrierError } from "../../../src/carrier/CarrierError.ts"
import {
  account,
  call,
  callUuid,
  completedLeg,
  conversationUuid,
  legList,
  legResource,
  mediaLeg,
  noContent,
  ours,
  publicKey,
  theirs,
  vonageError
} from "./account.ts"
import { applicationId } from "./signatureVectors.ts"

const dial: PlaceCall = {
  callId: "run-42",
  from: ours,
  to: theirs,
  links: {
    answer: "https://voice.example.com/api/v1/telephony/answer/token",
    route: (path) => `https://voice.example.com/api/v1/telephony/vonage${path}/token`
  },
  mediaUrl: Effect.die("Vonage is told where to stream when it asks"),
  ringTimeoutSeconds: 45,
  maxDurationSeconds: 3600
}

const created = {
  status: 201,
  json: { uuid: callUuid, status: "started", direction: "outbound", conversation_uuid: conversationUuid }
} as const

const tokenOf = (authorization: string | undefined) => (authorization ?? "").replace(/^Bearer /, "")

describe("placing a call", () => {
  it.live("sends numbers without a plus, our URLs, and nothing that Vonage does not know", () =>
    account(
      () => created,
      (provider, { received }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* provider.placeCall(dial), {
            providerCallId: callUuid,
            rawStatus: "started",
            memory: { conversation_uuid: conversationUuid }
          })
          const [request] = received
          assert.strictEqual(`${request?.method} ${request?.path}`, "POST /v1/calls")
          assert.deepStrictEqual(JSON.parse(request?.body ?? ""), {
            to: [{ type: "phone", number: "15551230002" }],
            from: { type: "phone", number: "15551230001" },
            event_url: ["https://voice.example.com/api/v1/telephony/vonage/status/token"],
            event_method: "POST",
            ringing_timer: 45,
            length_timer: 3600,
            answer_url: ["https://voice.example.com/api/v1/telephony/answer/token"],
            answer_method: "POST"
          })
        })
    )
  )

  it.live("keeps to Vonage's limits, reaches SIP URIs, and takes a uuid without dashes", () =>
    account(
      () => ({ status: 200, json: { uuid: callUuid.replaceAll("-", "").toUpperCase() } }),
      (provider, { received }) =>
        Effect.gen(function* () {
          const placed = yield* provider.placeCall({
            ...dial,
            to: "sip:a@pbx.example",
            ringTimeoutSeconds: 9999,
            maxDurationSeconds: 1e9
          })
          assert.strictEqual(placed.providerCallId, callUuid)
          const body = JSON.parse(received[0]?.body ?? "")
          assert.deepStrictEqual(body.to, [{ type: "sip", uri: "sip:a@pbx.example" }])
          assert.deepStrictEqual([body.ringing_timer, body.length_timer], [120, 86_400])
          for (const wrong of [{ to: "100" }, { from: "sip:a@pbx.example" }]) {
            assert.strictEqual((yield* Effect.flip(provider.placeCall({ ...dial, ...wrong }))).kind, "rejected")
          }
          assert.strictEqual(received.length, 1)
        })
    )
  )

  it.effect(
    "signs with a token of the application that the official package accepts, and uses it for some minutes",
    () =>
      account(
        () => created,
        (provider, { received }) =>
          Effect.gen(function* () {
            yield* TestClock.setTime(4_000_000_000_000)
            yield* provider.placeCall(dial)
            yield* TestClock.adjust("3 minutes")
            yield* provider.placeCall(dial)
            yield* TestClock.adjust("2 minutes")
            yield* provider.placeCall(dial)
            const [first = "", second = "", third = ""] = received.map(({ headers }) => tokenOf(headers.authorization))
            assert.isTrue(sdkVerify(first, publicKey))
            assert.deepStrictEqual(decodeProtectedHeader(first), { alg: "RS256", typ: "JWT" })
            const { jti, ...claims } = decodeJwt(first)
            assert.match(jti ?? "", /^[0-9a-f-]{36}$/)
            assert.deepStrictEqual(claims, {
              application_id: applicationId,
              iat: 4_000_000_000,
              exp: 4_000_000_900
            })
            assert.strictEqual(second, first)
            assert.notStrictEqual(third, first)
            assert.notStrictEqual(decodeJwt(third).jti, jti)
          })
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

  for (const [status, fragment, kind] of [
    [400, "bad-request", "rejected"],
    [401, "unauthorized", "credentials"],
    [402, "low-balance", "rejected"],
    [403, "forbidden", "credentials"],
    [404, "not-found", "not-found"],
    [429, "throttled", "rate-limited"],
    [500, "internal", "unavailable"]
  ] as const) {
    it.live(`refused with ${status} is ${kind}, with a next step and nothing of Vonage's text`, () =>
      account(
        () => vonageError(status, fragment),
        (provider, { received }) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(provider.placeCall(dial))
            assert.strictEqual(error.kind, kind)
            assert.strictEqual(error.code, fragment)
            assert.strictEqual(error.httpStatus, status)
            for (const secret of [callUuid, "15551230002", applicationId])
              assert.notInclude(JSON.stringify(error) + error.stack, secret)
            assert.strictEqual(received.length, status === 429 ? 4 : 1)
          })
      )
    )
  }

  it.live("names the parameters that Vonage does not accept, in both of its shapes, and reads an error page", () =>
    Effect.gen(function* () {
      const message = (json: unknown) =>
        account(
          () => ({ status: 400, json }),
          (provider) => Effect.map(Effect.flip(provider.placeCall(dial)), (error) => error.message)
        )
      assert.include(
        yield* message({ invalid_parameters: [{ name: "from", reason: "15551230001" }] }),
        "request: from."
      )
      assert.include(
        yield* message({ error_title: "x", invalid_parameters: { to: "bad", event_url: 1 } }),
        "to, event_url"
      )
      assert.include(yield* message(["html"]), "400")
    })
  )
})

const refused = (status: string) =>
  account(
    ({ method }) => (method === "PUT" ? vonageError(400, "bad") : { status: 200, json: legResource({ status }) }),
    (provider) => provider.hangUp(call)
  )

describe("hanging up", () => {
  it.live("ends the phone's leg", () =>
    account(
      () => noContent,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.hangUp(call)
          assert.deepStrictEqual(
            received.map(({ method, path, body }) => `${method} ${path} ${body}`),
            [`PUT /v1/calls/${callUuid} {"action":"hangup"}`]
          )
        })
    )
  )

  it.live("of a call that is gone is a success; a 400 is one if the call is over", () =>
    Effect.gen(function* () {
      yield* account(
        () => vonageError(404, "not-found"),
        (provider) => provider.hangUp(call)
      )
      yield* refused("completed")
      assert.strictEqual((yield* Effect.flip(refused("answered"))).kind, "rejected")
    })
  )

  it.live("of a call whose dial was lost finds it first; where there is none it says so", () =>
    Effect.gen(function* () {
      const lost = { ...call, providerCallId: undefined }
      const requests = yield* account(
        ({ method }) => (method === "GET" ? { status: 200, json: legList(legResource()) } : noContent),
        (provider, { received }) =>
          Effect.map(provider.hangUp(lost), () => received.map(({ method, path }) => `${method} ${path}`))
      )
      assert.deepStrictEqual(requests, [
        "GET /v1/calls?date_start=2024-05-01T11%3A59%3A30.000Z&order=asc&page_size=100",
        `PUT /v1/calls/${callUuid}`
      ])
      const error = yield* account(
        () => ({ status: 200, json: { count: 0 } }),
        (provider) => Effect.flip(provider.hangUp(lost))
      )
      assert.strictEqual(error.kind, "not-found")
    })
  )
})

const elsewhere = { ...call.memory, region_url: "https://api-us-3.vonage.com" }

/** Asks for a leg where only this host knows it; gives the hosts that were asked. */
const asked = Effect.fnUntraced(function* (memory: CallMemory, knowing: string, base?: string) {
  const hosts: Array<string> = []
  const nothing = Effect.die("not asked for")
  const rest: Pick<VonageRest, "voice" | "voiceBase"> = {
    voiceBase: (regional) => base ?? regional,
    voice: (host) => ({
      createCall: () => nothing,
      legs: () => nothing,
      modify: () => nothing,
      sendDigits: () => nothing,
      leg: () => {
        hosts.push(host)
        return host === knowing
          ? Effect.succeed({ uuid: callUuid, status: "answered" })
          : new CarrierError({ provider: "vonage", kind: "not-found", message: "There is none. Look elsewhere." })
      }
    })
  }
  yield* Effect.exit(makeOnLeg(rest, "https://api-eu-3.vonage.com")(memory, (voice) => voice.leg(callUuid)))
  return hosts
})

describe("the region of a call", () => {
  it.live("is the webhook's, else the configuration's; what is not there is looked for once at the default host", () =>
    Effect.gen(function* () {
      const us = "https://api-us-3.vonage.com"
      assert.deepStrictEqual(yield* asked(elsewhere, us), [us])
      assert.deepStrictEqual(yield* asked(elsewhere, "https://api.nexmo.com"), [us, "https://api.nexmo.com"])
      assert.deepStrictEqual(yield* asked(call.memory, "https://api-eu-3.vonage.com"), ["https://api-eu-3.vonage.com"])
      assert.deepStrictEqual(yield* asked(elsewhere, "none"), [us, "https://api.nexmo.com"])
    })
  )

  it.live("of a foreign host is not believed, and a carrier URL of our own wins over all", () =>
    Effect.gen(function* () {
      const foreign = { ...elsewhere, region_url: "https://api-us-3.vonage.com.evil.example" }
      assert.deepStrictEqual(yield* asked(foreign, "https://api-eu-3.vonage.com"), ["https://api-eu-3.vonage.com"])
      assert.deepStrictEqual(yield* asked(elsewhere, "none", "http://127.0.0.1:9"), ["http://127.0.0.1:9"])
    })
  )
})

const ask = (json: unknown, reference = call) =>
  account(
    () => ({ status: 200, json }),
    (provider) => provider.callStatus(reference)
  )

const askedFor = (status: number) =>
  account(
    () => vonageError(status, "x"),
    (provider) => provider.callStatus(call)
  )

const uuid = (digit: string) => `${digit.repeat(8)}-bbbb-cccc-dddd-0123456789ab`

describe("asking for the state of a call", () => {
  it.live("reports length once it is over, declined as busy, and never answered as no answer", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* ask(completedLeg()), {
        providerCallId: callUuid,
        status: "completed",
        rawStatus: "completed",
        dedupeKey: `poll:${callUuid}:completed`,
        durationMs: 2000
      })
      const live = yield* ask(legResource({ status: "answered", price: null, duration: null }))
      assert.strictEqual(live?.status, "in-progress")
      assert.isUndefined(live?.durationMs)
      assert.strictEqual((yield* ask(legResource({ status: "rejected", detail: "declined" })))?.status, "busy")
      assert.strictEqual((yield* ask(legResource({ status: "rejected" })))?.status, "failed")
      assert.strictEqual((yield* ask(completedLeg({ duration: "0", start_time: null })))?.status, "no-answer")
      assert.isUndefined((yield* ask(legResource({ status: "parked" })))?.status)
    })
  )

  it.live("a call that Vonage does not know is undefined, an error stays one", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* askedFor(404))
      assert.strictEqual((yield* Effect.flip(askedFor(401))).kind, "credentials")
    })
  )

  it.live("a dial whose answer was lost is found by its addresses and its time, in both ways of writing it", () =>
    Effect.gen(function* () {
      const lost = { ...call, providerCallId: undefined }
      const found = yield* ask(
        legList(
          legResource({ uuid: uuid("1"), start_time: "2024-05-01 11:58:00" }),
          legResource({ uuid: uuid("2"), direction: "inbound" }),
          legResource({ uuid: uuid("3"), to: { type: "phone", number: "15559999999" } }),
          legResource({ uuid: uuid("4"), from: { type: "phone", number: "15559999999" } }),
          mediaLeg({ uuid: uuid("5") }),
          legResource({ uuid: uuid("6") }),
          legResource({ uuid: uuid("7"), start_time: "2024-05-01 12:00:01" }),
          legResource({ uuid: uuid("8"), start_time: "2024-05-01T12:00:02.000Z" })
        ),
        { ...lost, otherCalls: new Set([uuid("6")]) }
      )
      assert.strictEqual(found?.providerCallId, uuid("7"))
      assert.isUndefined(yield* ask(legList(), lost))
    })
  )
})

const cost = (phone: unknown, ...others: ReadonlyArray<unknown>) =>
  account(
    ({ path }) => ({ status: 200, json: path.includes("?") ? legList(phone, ...others) : phone }),
    (provider) => provider.callCost?.(call) ?? Effect.die("no capability")
  )

describe("the cost of a call", () => {
  it.live("is the exact sum over both legs, in euros", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* cost(completedLeg(), mediaLeg({ status: "completed", price: "0.00100000" })), {
        amount: "0.00433333",
        currency: "EUR"
      })
      assert.deepStrictEqual(
        yield* cost(completedLeg({ price: "0.1" }), mediaLeg({ status: "completed", price: 0.2 })),
        {
          amount: "0.3",
          currency: "EUR"
        }
      )
      assert.deepStrictEqual(yield* cost(completedLeg({ price: "1.00000000" })), { amount: "1", currency: "EUR" })
    })
  )

  it.live("is undefined until both legs are over and rated", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* cost(legResource({ status: "answered" })))
      assert.isUndefined(yield* cost(completedLeg(), mediaLeg({ status: "answered" })))
      assert.isUndefined(yield* cost(completedLeg({ price: "free" })))
    })
  )
})

describe("sending digits", () => {
  it.live("writes a pause in Vonage's way, and never sends them twice", () =>
    account(
      () => ({ status: 503, text: "" }),
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* Effect.flip(provider.sendDigits?.(call, "1w2#") ?? Effect.die("no capability"))
          assert.deepStrictEqual(
            received.map(({ method, path, body }) => `${method} ${path} ${body}`),
            [`PUT /v1/calls/${callUuid}/dtmf {"digits":"1p2#"}`]
          )
        })
    )
  )
})
