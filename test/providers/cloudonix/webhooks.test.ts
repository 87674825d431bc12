import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import {
  claimedAccountId,
  parseRoomEvent,
  parseStatuses,
  recognize
} from "../../../src/providers/cloudonix/webhooks.ts"
import {
  apiKey,
  callRecord,
  domain,
  offline,
  sessionUpdate,
  token,
  verified,
  voiceRequest,
  webhook
} from "./account.ts"

const inbound = (body: unknown, headers?: RawRequest["headers"]) =>
  offline((provider) =>
    Effect.flatMap(
      provider.verify(webhook(body, { urlToken: "configuration", ...(headers === undefined ? {} : { headers }) })),
      provider.parseInbound
    )
  )
const status = (body: unknown) => offline((provider) => Effect.flatMap(verified(provider, body), provider.parseStatus))

const bare = (body: unknown, headers: RawRequest["headers"] = {}): RawRequest => webhook(body, { headers })

describe("an inbound voice request", () => {
  it.live("announces its session, with numbers that get their plus back", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inbound(voiceRequest()), {
        providerCallId: token,
        from: "+442071838750",
        to: "+14155550123",
        details: { direction: "inbound" }
      })
    })
  )

  it.live("comes by GET with a query, as a list of one, and as a form as well", () =>
    offline((provider) =>
      Effect.gen(function* () {
        const query = `Session=${token}&To=%2B14155550123&From=442071838750&Domain=acme`
        const base = webhook("")
        const form = {
          ...webhook(query),
          headers: { "content-type": "application/x-www-form-urlencoded", "x-cx-apikey": apiKey }
        }
        for (const request of [
          { ...base, method: "GET", publicUrl: `${base.publicUrl}?${query}`, body: new Uint8Array() },
          webhook([voiceRequest()]),
          form
        ]) {
          const call = yield* Effect.flatMap(provider.verify(request), provider.parseInbound)
          assert.deepInclude(call, { providerCallId: token, from: "+442071838750", to: "+14155550123" })
        }
      })
    )
  )

  it.live("keeps what it says about the caller, and takes missing fields", () =>
    Effect.gen(function* () {
      const facts = { CallerName: "Ada", Diverted: "100@acme.cloudonix.net", AssertedIdentity: "+14155550199" }
      assert.deepInclude(yield* inbound(voiceRequest({ ...facts, Direction: "Subscriber", From: "alice" })), {
        from: "alice",
        details: {
          direction: "Subscriber",
          caller_name: "Ada",
          forwarded_from: "100@acme.cloudonix.net",
          asserted_identity: "+14155550199"
        }
      })
      assert.deepInclude(yield* inbound({ Session: token, To: "100", SessionData: "not an object" }), {
        providerCallId: token,
        from: "anonymous",
        to: "100",
        details: {}
      })
      assert.deepInclude(yield* inbound(voiceRequest({ To: undefined, From: undefined })), {
        from: "+442071838750",
        to: "+14155550123"
      })
    })
  )

  for (const [written, read] of [
    ["+14155550123", "+14155550123"],
    ["1 (415) 555-0123", "+14155550123"],
    ["442071838750", "+442071838750"],
    ["02071838750", "02071838750"],
    ["4155550123", "4155550123"],
    ["100", "100"],
    ["alice", "alice"],
    ["sip:alice@acme.cloudonix.net", "sip:alice@acme.cloudonix.net"]
  ] as const)
    it.live(`reads the number ${written} as ${read}: only a whole international one gets a plus`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* inbound(voiceRequest({ To: written })), { to: read })
      })
    )

  it.live("of a call that somebody placed, and a session update, announce none", () =>
    Effect.gen(function* () {
      for (const body of [
        voiceRequest({ Direction: "outbound-api" }),
        voiceRequest({ Direction: "Outbound" }),
        sessionUpdate(),
        callRecord()
      ])
        assert.isUndefined(yield* inbound(body))
    })
  )

  it.live("without a session or a called number is malformed", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(inbound({ Session: token }))
      assert.strictEqual(missing._tag, "MalformedWebhook")
      assert.strictEqual((yield* Effect.flip(inbound("not json")))._tag, "MalformedWebhook")
    })
  )
})

describe("a session update", () => {
  for (const [word, common] of [
    ["new", "initiated"],
    ["processing", "initiated"],
    ["ringing", "ringing"],
    ["Ringing", "ringing"],
    ["connected", "in-progress"],
    ["answer", "in-progress"],
    ["noanswer", "no-answer"],
    ["busy", "busy"],
    ["cancel", "canceled"],
    ["nocredit", "failed"],
    ["error", "failed"],
    ["congestion", "failed"],
    ["failed", "failed"],
    ["completed", "completed"],
    ["answered", "in-progress"],
    ["no-answer", "no-answer"],
    ["external", undefined],
    ["constructor", undefined]
  ] as const)
    it.live(`with ${word} means ${common ?? "nothing to us"}`, () =>
      Effect.gen(function* () {
        const report = yield* status(sessionUpdate({ status: word }))
        assert.strictEqual(report.status, common)
        assert.strictEqual(report.rawStatus, word.toLowerCase())
        assert.strictEqual(report.providerCallId, token)
        const failed = common !== undefined && ["no-answer", "busy", "canceled", "failed"].includes(common)
        assert.strictEqual(report.failureCode, failed ? word : undefined)
        assert.strictEqual(report.durationMs, failed ? 0 : undefined)
      })
    )

  it.live("of a session that ended keeps its word: the times tell, as numbers, digits or dates", () =>
    Effect.gen(function* () {
      for (const times of [
        { callAnswerTime: 1768127410000, callEndTime: 1768127460000 },
        { callAnswerTime: "1768127410000", callEndTime: "1768127460000" },
        { answerTime: "2026-01-11T10:30:10Z", endTime: "2026-01-11T10:31:00Z" }
      ]) {
        const report = yield* status(sessionUpdate({ status: "connected", ...times }))
        assert.deepInclude(report, { status: "completed", durationMs: 50_000, rawStatus: "connected" })
      }
      const unanswered = yield* status(sessionUpdate({ status: "ringing", callEndTime: 1768127460000 }))
      assert.deepInclude(unanswered, { status: "no-answer", durationMs: 0 })
      assert.strictEqual((yield* status(sessionUpdate({ status: "ringing", callEndTime: 0 }))).status, "ringing")
    })
  )

  it.live("of an answered session is completed, whatever the word for its end", () =>
    Effect.gen(function* () {
      const times = { callAnswerTime: 1768127410000, callEndTime: 1768127412500 }
      const report = yield* status(sessionUpdate({ status: "error", reason: "media", lastError: "gone", ...times }))
      assert.deepInclude(report, {
        status: "completed",
        durationMs: 2500,
        details: { reason: "media", last_error: "gone" }
      })
    })
  )

  it.live("that repeats itself under a new event id is the same event; a change is another", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.forEach(
        [
          sessionUpdate(),
          [sessionUpdate({ eventId: "evt_2", modifiedAt: "2026-01-11T10:30:09Z" })],
          sessionUpdate({ status: "connected" }),
          sessionUpdate({ status: "connected", callEndTime: 1768127460000 })
        ],
        (body) => Effect.map(status(body), ({ dedupeKey }) => dedupeKey)
      )
      assert.strictEqual(keys[0], keys[1])
      assert.strictEqual(new Set(keys).size, 3)
    })
  )

  it.live("may come in a list of several", () =>
    offline((provider) =>
      Effect.gen(function* () {
        const body = [sessionUpdate(), sessionUpdate({ status: "connected" })]
        const reports = yield* Effect.flatMap(verified(provider, body), parseStatuses)
        assert.deepStrictEqual(
          reports.map((report) => report.status),
          ["ringing", "in-progress"]
        )
      })
    )
  )
})

describe("a call record", () => {
  for (const [disposition, common] of [
    ["ANSWER", "completed"],
    ["ANSWERED", "completed"],
    ["CONNECTED", "completed"],
    ["BUSY", "busy"],
    ["CANCEL", "canceled"],
    ["NOANSWER", "no-answer"],
    ["NO ANSWER", "no-answer"],
    ["no-answer", "no-answer"],
    ["FAILED", "failed"],
    ["CONGESTION", "failed"],
    ["WHATEVER", undefined],
    [null, undefined]
  ] as const)
    it.live(`with ${disposition ?? "no disposition"} means ${common ?? "nothing to us"}`, () =>
      Effect.gen(function* () {
        const report = yield* status(callRecord({ disposition }))
        assert.strictEqual(report.status, common)
        assert.strictEqual(report.providerCallId, token)
      })
    )

  it.live("lasts as long as billsec says, zero included, and only then as duration says", () =>
    Effect.gen(function* () {
      const lasted = (changes: Readonly<Record<string, unknown>>) =>
        Effect.map(status(callRecord(changes)), ({ durationMs }) => durationMs)
      assert.strictEqual(yield* lasted({}), 50_000)
      assert.strictEqual(yield* lasted({ billsec: 0 }), 0)
      assert.strictEqual(yield* lasted({ billsec: "7" }), 7000)
      assert.strictEqual(yield* lasted({ billsec: null }), 60_000)
      assert.strictEqual(yield* lasted({ billsec: null, duration: null }), 0)
    })
  )

  it.live("keeps its figures as they come, and takes none of them for a cost", () =>
    Effect.gen(function* () {
      const report = yield* status(callRecord())
      assert.deepStrictEqual(report.details, {
        sip_call_id: "a84b4c76e66710",
        trunk_id: "12345",
        rated_cost: "0.012",
        approx_cost: "0.01",
        sell_cost: "0.008"
      })
      assert.isUndefined(report.cost)
    })
  )

  it.live("whose session is null, text or missing belongs to no call", () =>
    Effect.gen(function* () {
      for (const session of [null, token, undefined, [], {}, { token: 7 }])
        assert.strictEqual((yield* Effect.flip(status(callRecord({ session }))))._tag, "MalformedWebhook")
    })
  )
})

const told = (body: unknown) => offline((provider) => Effect.map(verified(provider, body), parseRoomEvent))

describe("a conference event", () => {
  it.live("names its session in Session, and its kind with or without prefix, in any case", () =>
    Effect.gen(function* () {
      for (const name of ["participant-join", "Participant-Join", "join"])
        assert.deepStrictEqual(yield* told({ StatusCallbackEvent: name, Session: token }), { event: "join", token })
      assert.deepStrictEqual(yield* told({ StatusCallbackEvent: "participant-leave", Session: token }), {
        event: "leave",
        token
      })
      for (const body of [
        { StatusCallbackEvent: "conference-start" },
        { StatusCallbackEvent: "participant-join" },
        sessionUpdate()
      ])
        assert.isUndefined(yield* told(body))
    })
  )
})

describe("recognising a request", () => {
  it("goes by headers that only Cloudonix sends, and by a domain under its own name", () => {
    for (const request of [
      bare({}, { "user-agent": "Cloudonix/7.1" }),
      bare({}, { "x-cx-apikey": "k" }),
      bare({}, { "x-cx-session": token }),
      bare(voiceRequest()),
      bare([sessionUpdate()]),
      bare(callRecord())
    ])
      assert.isTrue(recognize(request))
    for (const request of [
      bare({}),
      bare({ CallSid: "CA1", AccountSid: "AC1", ApiVersion: "2010-04-01" }),
      bare({ Domain: "acme.cloudonix.net.evil.example" }),
      bare("x"),
      bare({}, { "user-agent": "TwilioProxy/1.1" })
    ])
      assert.isFalse(recognize(request))
  })

  it("finds the claimed domain in the body, else in the header", () => {
    for (const request of [
      bare(voiceRequest()),
      bare({ AccountSid: "acme" }),
      bare([sessionUpdate()]),
      bare(callRecord()),
      bare({}, { "x-cx-domain": "ACME.cloudonix.net" })
    ])
      assert.strictEqual(claimedAccountId(request), domain)
    for (const request of [bare({}), bare({ Domain: "a b" }), bare({ Domain: "x\u0000y" }), bare({ Domain: 7 })])
      assert.notStrictEqual(claimedAccountId(request), domain)
    assert.isUndefined(claimedAccountId(bare({ Domain: "a b" })))
  })
})

describe("any verified body", () => {
  it.live("is read or called malformed, and never a defect", () =>
    offline((provider) =>
      Effect.gen(function* () {
        const names = ["Session", "CallSid", "To", "From", "token", "status", "session", "disposition", "billsec"]
        const value = fc.oneof(fc.jsonValue(), fc.constantFrom("ringing", token, 1768127460000, "1768127460000"))
        const bodies = fc.sample(fc.dictionary(fc.constantFrom(...names), value), { numRuns: 300, seed: 3 })
        for (const body of bodies) {
          const request = yield* verified(provider, body)
          parseRoomEvent(request)
          const outcomes = yield* Effect.all([
            Effect.result(provider.parseInbound(request)),
            Effect.result(provider.parseStatus(request))
          ])
          for (const outcome of outcomes)
            if (outcome._tag === "Failure") assert.strictEqual(outcome.failure._tag, "MalformedWebhook")
        }
      })
    )
  )
})
