import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import type { FormFields } from "../../../src/carrier/forms.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { spec } from "../../../src/providers/vobiz/index.ts"
import { readAddress } from "../../../src/providers/vobiz/numberFormats.ts"
import { callId, fieldsOf, form, hangup, offline, startApp, stored, webhook } from "./account.ts"

type Changes = Readonly<Record<string, string | undefined>>

const inbound = (fields: FormFields, values = stored) =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(fields)), provider.parseInbound), values)
const status = (changes: Changes, body = hangup) =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(fieldsOf(body, changes))), provider.parseStatus))

describe("numbers come in many forms", () => {
  it.each([
    ["01140000001", "+911140000001"],
    ["+91 1140000001", "+911140000001"],
    ["00911140000001", "+911140000001"],
    ["911140000001", "+911140000001"],
    ["1140000001", "+911140000001"],
    ["9198765432", "+919198765432"],
    ["919800000001", "+919800000001"],
    ["00919198765432", "+919198765432"],
    ["14155550123", "+14155550123"],
    ["442071838750", "+442071838750"],
    ["anonymous", "anonymous"],
    ["sip:alice@example.com", "sip:alice@example.com"]
  ])("%s is %s in India", (text, expected) => {
    assert.strictEqual(readAddress(text, "IN"), expected)
  })

  it("without a country, national ones stay as they are", () => {
    assert.strictEqual(readAddress("01140000001", undefined), "01140000001")
    assert.strictEqual(readAddress("9198765432", undefined), "9198765432")
    assert.strictEqual(readAddress("919800000001", undefined), "+919800000001")
    assert.strictEqual(readAddress("07183875000", "GB"), "+447183875000")
  })

  it("are never an error, and what was read stays itself", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.constantFrom("IN", "US", undefined), (text, country) => {
        const once = readAddress(text, country)
        if (once.startsWith("+")) assert.strictEqual(readAddress(once, country), once)
      })
    )
  })
})

describe("an inbound call", () => {
  it.live("is read from the answer webhook, without empty facts", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inbound(fieldsOf(startApp)), {
        providerCallId: callId,
        from: "+919800000001",
        to: "+911140000001",
        details: {
          direction: "inbound",
          caller_name: "919800000001",
          country: "IN",
          stir_verdict: "Not Applicable"
        }
      })
    })
  )

  it.live("keeps a national number as it came when no country is set", () =>
    Effect.gen(function* () {
      const { default_country: _, ...values } = stored
      assert.strictEqual((yield* inbound(fieldsOf(startApp), values))?.to, "01140000001")
    })
  )

  it.live("may come from a withheld number", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* inbound(fieldsOf(startApp, { From: undefined })))?.from, "anonymous")
    })
  )

  it.live("the end of a call, which goes to the answer URL where no other is set, announces none", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* inbound(fieldsOf(hangup)))
      assert.isUndefined(yield* inbound(fieldsOf(hangup, { Event: undefined })))
    })
  )

  it.live("without its id, with a strange or an ambiguous one, or without a called number is malformed", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<FormFields> = [
        fieldsOf(startApp, { CallUUID: undefined }),
        fieldsOf(startApp, { CallUUID: "../x" }),
        [...fieldsOf(startApp), ["CallUUID", "another"]],
        fieldsOf(startApp, { To: "" })
      ]
      for (const fields of bad) assert.strictEqual((yield* Effect.flip(inbound(fields)))._tag, "MalformedWebhook")
    })
  )
})

describe("a status callback", () => {
  it.live("of a finished call: seconds talked, Indian times made UTC, and no cost, which is always zero here", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* status({}), {
        providerCallId: callId,
        status: "completed",
        rawStatus: "completed",
        dedupeKey: `status:${callId}:Hangup:completed`,
        durationMs: 42_000,
        details: {
          hangup_cause: "NORMAL_CLEARING",
          hangup_cause_code: "4000",
          hangup_source: "Caller",
          answered_at: "2026-06-01T10:00:09.000Z",
          ended_at: "2026-06-01T10:00:51.000Z"
        }
      })
    })
  )

  for (const [said, expected] of [
    ["queued", "initiated"],
    ["ringing", "ringing"],
    ["in-progress", "in-progress"],
    ["completed", "completed"],
    ["busy", "busy"],
    ["no-answer", "no-answer"],
    ["timeout", "no-answer"],
    ["cancel", "canceled"],
    ["cancelled", "canceled"],
    ["canceled", "canceled"],
    ["failed", "failed"],
    ["brand-new", undefined],
    ["constructor", undefined]
  ] as const) {
    it.live(`says ${said}`, () =>
      Effect.gen(function* () {
        const report = yield* status({ CallStatus: said })
        assert.strictEqual(report.status, expected)
        assert.strictEqual(report.rawStatus, said)
      })
    )
  }

  for (const [code, cause, expected] of [
    ["3010", undefined, "busy"],
    ["3100", undefined, "busy"],
    ["3000", undefined, "no-answer"],
    ["6010", undefined, "no-answer"],
    ["1000", undefined, "canceled"],
    ["9000", undefined, "canceled"],
    ["9100", undefined, "completed"],
    ["3050", undefined, "failed"],
    [undefined, "USER_BUSY", "busy"],
    [undefined, undefined, "failed"]
  ] as const) {
    it.live(`completed without an answer (${code ?? cause ?? "no cause"}) is ${expected}`, () =>
      Effect.gen(function* () {
        const changes = { AnswerTime: "", Duration: "0", HangupCauseCode: code, HangupCause: cause }
        const report = yield* status(changes)
        assert.strictEqual(report.status, expected)
        assert.strictEqual(report.durationMs, 0)
        assert.strictEqual(report.failureCode, expected === "completed" ? undefined : code)
      })
    )
  }

  it.live("a ring has its state even without the word; events that say nothing are malformed", () =>
    Effect.gen(function* () {
      const ring = yield* status({ Event: "Ring", CallStatus: undefined })
      assert.strictEqual(ring.status, "ringing")
      const odd = yield* Effect.flip(status({ Event: "StopStream", CallStatus: undefined }))
      assert.strictEqual(odd._tag, "MalformedWebhook")
    })
  )

  it.live("delivered twice has one key; another event of the call has another", () =>
    Effect.gen(function* () {
      const key = (changes: Changes) => Effect.map(status(changes), ({ dedupeKey }) => dedupeKey)
      assert.strictEqual(yield* key({}), yield* key({}))
      assert.notStrictEqual(yield* key({}), yield* key({ Event: "StartApp", CallStatus: "in-progress" }))
    })
  )
})

const request = (body: string, headers: RawRequest["headers"] = form): RawRequest => ({
  method: "POST",
  publicUrl: "https://voice.example.com/in",
  headers,
  body: Buffer.from(body)
})

describe("whose an unverified request is", () => {
  it("is told by headers alone: the form is also another carrier's", () => {
    assert.isTrue(spec.recognize(request("", { "user-agent": "Vobiz" })))
    assert.isTrue(spec.recognize(request("", { "user-agent": "Vobiz-Webhook/1.0" })))
    assert.isTrue(spec.recognize(request("", { "x-vobiz-signature-v3": "x" })))
    assert.isFalse(spec.recognize(request(startApp, { "content-type": form["content-type"] })))
  })

  it("notices about documents, complaints and trunks are no calls", () => {
    const json = { "content-type": "application/json" }
    assert.isFalse(spec.recognize(request("{}", { ...json, "x-vobiz-signature": "sha256=00" })))
    assert.isFalse(spec.recognize(request("{}", { "user-agent": "Vobiz-Vapor/1.0" })))
    assert.isFalse(spec.recognize(request("{}", { "x-vobiz-event": "call" })))
  })

  it("is claimed by ParentAuthID, once", () => {
    assert.strictEqual(spec.claimedAccountId(request(startApp)), "MA_TEST0001")
    assert.isUndefined(spec.claimedAccountId(request("ParentAuthID=../x")))
    assert.isUndefined(spec.claimedAccountId(request(`${startApp}&ParentAuthID=MA_OTHER001`)))
  })

  it("is never an error, on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom("GET", "POST", "PUT"), (body, method) => {
        const any = { method, publicUrl: `https://h/?${Buffer.from(body).toString("latin1")}`, headers: {}, body }
        assert.isBoolean(spec.recognize(any))
        assert.isUndefined(spec.claimedAccountId(any))
      })
    )
  })
})
