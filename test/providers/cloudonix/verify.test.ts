import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import {
  account,
  apiKey,
  callRecord,
  domain,
  own,
  session,
  sessionsUp,
  sessionUpdate,
  stored,
  token,
  voiceRequest,
  webhook
} from "./account.ts"

const otherKey = `${apiKey.slice(0, -1)}2`

/** "accepted", or why not. */
const verdict = (provider: TelephonyProvider, request: RawRequest) =>
  Effect.match(provider.verify(request), { onFailure: ({ reason }) => reason, onSuccess: () => "accepted" })

const judged = (request: RawRequest, values = stored) =>
  account(sessionsUp, (provider) => verdict(provider, request), values)

const shows = (headers: RawRequest["headers"]) => webhook(voiceRequest(), { urlToken: "configuration", headers })

describe("the key of a voice request", () => {
  for (const [what, headers] of [
    ["in X-CX-APIKey", { "x-cx-apikey": apiKey }],
    ["as the bearer of Authorization", { authorization: `Bearer ${apiKey}` }],
    ["with the scheme in lower case", { authorization: `bearer ${apiKey}` }],
    ["beside another one that is Cloudonix's own", { "x-cx-apikey": otherKey, authorization: `Bearer ${apiKey}` }]
  ] as const)
    it.live(`is accepted ${what}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* judged(shows(headers)), "accepted")
      })
    )

  for (const [what, headers] of [
    ["another", { "x-cx-apikey": otherKey }],
    ["one character less", { "x-cx-apikey": apiKey.slice(0, -1) }],
    ["empty", { "x-cx-apikey": "" }],
    ["missing", {}],
    ["of another scheme", { authorization: `Basic ${apiKey}` }],
    ["another bearer", { authorization: `Bearer ${otherKey}` }]
  ] as const)
    it.live(`is refused when it is ${what}`, () =>
      Effect.gen(function* () {
        const reason = yield* judged(shows(headers))
        assert.notStrictEqual(reason, "accepted")
        assert.notInclude(reason, apiKey.slice(0, 20))
      })
    )

  it.live("is the webhooks' own where there is one, and then the API key is none", () =>
    Effect.gen(function* () {
      const values = { ...stored, webhook_api_key: otherKey }
      assert.strictEqual(yield* judged(shows({ authorization: `Bearer ${otherKey}` }), values), "accepted")
      assert.notStrictEqual(yield* judged(shows({ "x-cx-apikey": apiKey }), values), "accepted")
    })
  )

  it.live("is refused with any character changed, added or taken away", () =>
    account(sessionsUp, (provider, { received }) =>
      Effect.gen(function* () {
        const changes = fc.sample(
          fc.tuple(fc.nat(apiKey.length - 1), fc.constantFrom("", "x", "XI", " ", "\t0", "é")),
          { numRuns: 100, seed: 7 }
        )
        for (const [at, piece] of changes) {
          const key = apiKey.slice(0, at) + piece + apiKey.slice(at + 1)
          if (key.trim() === apiKey) continue
          assert.notStrictEqual(yield* verdict(provider, shows({ "x-cx-apikey": key })), "accepted", key)
        }
        assert.strictEqual(received.length, 0)
      })
    )
  )
})

describe("a URL", () => {
  it.live("without a token of ours needs the key, for whatever kind of request", () =>
    Effect.gen(function* () {
      const bare = (body: unknown, headers: RawRequest["headers"]) => judged(webhook(body, { headers }))
      for (const body of [voiceRequest(), sessionUpdate(), callRecord(), {}, "not json"]) {
        assert.strictEqual(yield* bare(body, { "x-cx-apikey": apiKey }), "accepted")
        assert.notStrictEqual(yield* bare(body, {}), "accepted")
        assert.notStrictEqual(yield* bare(body, { "x-cx-apikey": otherKey }), "accepted")
      }
    })
  )

  it.live(
    "with a token is enough for session updates and call records, which bring no key; a wrong key is refused",
    () =>
      Effect.gen(function* () {
        for (const body of [sessionUpdate(), [sessionUpdate()], callRecord()])
          for (const urlToken of ["call", "transfer", "configuration"] as const) {
            assert.strictEqual(yield* judged(webhook(body, { urlToken, headers: {} })), "accepted")
            assert.notStrictEqual(
              yield* judged(webhook(body, { urlToken, headers: { "x-cx-apikey": otherKey } })),
              "accepted"
            )
          }
      })
  )
})

describe("the domain of a request", () => {
  it.live("must be ours, in full or by its short name, wherever it stands", () =>
    Effect.gen(function* () {
      for (const body of [
        voiceRequest({ Domain: "acme" }),
        voiceRequest({ Domain: "ACME.cloudonix.net." }),
        voiceRequest({ Domain: undefined }),
        voiceRequest({ Domain: undefined, AccountSid: undefined })
      ])
        assert.strictEqual(yield* judged(webhook(body)), "accepted")
      for (const body of [
        voiceRequest({ Domain: "other.cloudonix.net" }),
        voiceRequest({ Domain: undefined, AccountSid: "other.cloudonix.net" }),
        sessionUpdate({ domain: "other.cloudonix.net" }),
        callRecord({ domain: "other.cloudonix.net" }),
        [sessionUpdate(), sessionUpdate({ domain: "other.cloudonix.net" })]
      ])
        assert.strictEqual(yield* judged(webhook(body)), "It is of another domain.")
    })
  )
})

describe("an inbound call", () => {
  it.live("is confirmed by one request for its session, also when it is delivered twice", () =>
    account(sessionsUp, (provider, { received }) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* verdict(provider, webhook(voiceRequest())), "accepted")
        assert.strictEqual(yield* verdict(provider, webhook(voiceRequest())), "accepted")
        assert.deepStrictEqual(
          received.map(({ method, path, headers }) => [method, path, headers.authorization]),
          [["GET", `${own}/sessions/${token}`, `Bearer ${apiKey}`]]
        )
      })
    )
  )

  it.live("is asked for by Session where CallSid differs, and by what else names it where Session is missing", () =>
    account(sessionsUp, (provider, { received }) =>
      Effect.gen(function* () {
        const first = voiceRequest({ Session: "a1", CallSid: "b1" })
        const second = voiceRequest({ Session: undefined, CallSid: "b2" })
        const third = voiceRequest({ Session: undefined, CallSid: undefined, SessionData: { token: "c3" } })
        for (const body of [first, second, third])
          assert.strictEqual(yield* verdict(provider, webhook(body)), "accepted")
        assert.deepStrictEqual(
          received.map(({ path }) => path.split("/").at(-1)),
          ["a1", "b2", "c3"]
        )
      })
    )
  )

  for (const [what, behaviour] of [
    ["unknown", { status: 404 }],
    ["over", { status: 200, json: session({ status: "connected", callEndTime: 1768127460000 }) }],
    ["of a key that is refused", { status: 401 }],
    ["of another token", { status: 200, json: session({ token: "other" }) }],
    ["not readable", { status: 200, text: "<html>" }]
  ] as const)
    it.live(`whose session is ${what} is not believed`, () =>
      account(
        () => behaviour,
        (provider) =>
          Effect.gen(function* () {
            assert.notStrictEqual(yield* verdict(provider, webhook(voiceRequest())), "accepted")
          })
      )
    )

  it.effect("is not believed when the API keeps silent, and within 5 s", () =>
    account(
      () => "silence",
      (provider, { arrived }) =>
        Effect.gen(function* () {
          const asking = yield* Effect.forkChild(verdict(provider, webhook(voiceRequest())))
          yield* arrived(1)
          yield* TestClock.adjust("5 seconds")
          assert.include(yield* Fiber.join(asking), "did not answer")
        })
    )
  )

  it.live("survives a few answers of 429, which have no Retry-After", () =>
    account(
      (request, earlier) => (earlier < 2 ? { status: 429 } : sessionsUp(request)),
      (provider, { received }) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* verdict(provider, webhook(voiceRequest())), "accepted")
          assert.strictEqual(received.length, 3)
        })
    )
  )

  it.live("costs no request where its key, its domain or its token are wrong already, or it is a call of ours", () =>
    account(sessionsUp, (provider, { received }) =>
      Effect.gen(function* () {
        yield* verdict(provider, shows({ "x-cx-apikey": otherKey }))
        yield* verdict(provider, webhook(voiceRequest({ Domain: "other" })))
        yield* verdict(provider, webhook(voiceRequest(), { headers: {} }))
        yield* verdict(provider, webhook([voiceRequest(), voiceRequest()]))
        yield* verdict(provider, webhook(voiceRequest(), { urlToken: "call" }))
        yield* verdict(provider, webhook(voiceRequest({ Direction: "outbound-api" })))
        yield* verdict(provider, webhook(sessionUpdate()))
        assert.strictEqual(received.length, 0)
      })
    )
  )

  it.live("cannot be passed off as a callback that needs no key", () =>
    account(sessionsUp, (provider) =>
      Effect.gen(function* () {
        const disguises = [
          { token, status: "ringing" },
          { disposition: "ANSWER" },
          { session: { token } },
          { StatusCallbackEvent: "participant-join" },
          { StreamEvent: "stream-started" }
        ]
        for (const disguise of disguises) {
          const body = { ...voiceRequest(), ...disguise }
          const request = webhook(body, { urlToken: "configuration", headers: {} })
          const announced = yield* provider.verify(request).pipe(
            Effect.flatMap(provider.parseInbound),
            Effect.catch(() => Effect.undefined)
          )
          assert.isUndefined(announced, JSON.stringify(disguise))
        }
      })
    )
  )
})

describe("any request at all", () => {
  it.live(`is judged without a defect, and never accepted without proof (${domain})`, () =>
    account(sessionsUp, (provider) =>
      Effect.gen(function* () {
        const bodies = fc.sample(
          fc.oneof(
            fc.json().map((text) => Buffer.from(text)),
            fc.uint8Array({ maxLength: 200 })
          ),
          { numRuns: 200, seed: 11 }
        )
        for (const body of [...bodies, Buffer.from("[".repeat(60_000))])
          for (const method of ["GET", "POST"]) {
            const request: RawRequest = {
              method,
              publicUrl: `https://voice.example.com/x?${Buffer.from(body).toString("latin1")}`,
              headers: {},
              body
            }
            assert.notStrictEqual(yield* verdict(provider, request), "accepted")
          }
      })
    )
  )
})
