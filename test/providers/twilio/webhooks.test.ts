import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as fc from "fast-check"
import type { FormFields } from "../../../src/carrier/forms.ts"
import { encodeForm } from "../../../src/carrier/forms.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { CallReports, type ProviderRoute } from "../../../src/carrier/ProviderRoute.ts"
import type { TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import { spec } from "../../../src/providers/twilio/index.ts"
import { routes } from "../../../src/providers/twilio/routes.ts"
import { sign } from "../../../src/providers/twilio/signature.ts"
import { accountSid, authToken, callSid, fieldsOf, offline, webhook } from "./account.ts"

const voice =
  "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&CallSid=CA00000000000000000000000000000002&CallStatus=ringing&Called=%2B14155550123&CalledCountry=US&Caller=%2B442071838750&CallerCountry=GB&Direction=inbound&From=%2B442071838750&FromCity=&FromCountry=GB&To=%2B14155550123&ToCity=SAN+FRANCISCO&ToCountry=US&ToState=CA&ToZip=94105"
const completed =
  "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&CallDuration=49&CallSid=CA00000000000000000000000000000002&CallStatus=completed&CallbackSource=call-progress-events&Direction=outbound-api&Duration=1&From=%2B14155550123&SequenceNumber=3&SipResponseCode=200&Timestamp=Sun%2C+25+Mar+2018+09%3A53%3A19+%2B0000&To=%2B442071838750"

type Changes = Readonly<Record<string, string | undefined>>

const inbound = (fields: FormFields) =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(fields)), provider.parseInbound))
const status = (changes: Changes) =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(fieldsOf(completed, changes))), provider.parseStatus))

describe("an inbound call", () => {
  it.live("is read from the voice webhook, without empty facts", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inbound(fieldsOf(voice)), {
        providerCallId: callSid,
        from: "+442071838750",
        to: "+14155550123",
        details: { direction: "inbound", caller_country: "GB", called_country: "US" }
      })
    })
  )

  it.live("may come from a withheld number, and by GET", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* inbound(fieldsOf(voice, { From: "anonymous" })))?.from, "anonymous")
      assert.strictEqual((yield* inbound(fieldsOf(voice, { From: undefined })))?.from, "anonymous")
      const publicUrl = `https://voice.example.com/in?${voice}`
      const request: RawRequest = {
        method: "GET",
        publicUrl,
        headers: { "x-twilio-signature": sign(Redacted.make(authToken), publicUrl, []) },
        body: new Uint8Array()
      }
      const call = yield* offline((provider) => Effect.flatMap(provider.verify(request), provider.parseInbound))
      assert.strictEqual(call?.to, "+14155550123")
    })
  )

  it.live("without its id, with a strange or an ambiguous one, or without a called number is malformed", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<FormFields> = [
        fieldsOf(voice, { CallSid: undefined }),
        fieldsOf(voice, { CallSid: "CA1" }),
        fieldsOf(voice, { CallSid: `${callSid}CallStatusringing` }),
        [...fieldsOf(voice), ["CallSid", "CA00000000000000000000000000000003"]],
        fieldsOf(voice, { To: "" })
      ]
      for (const fields of bad) assert.strictEqual((yield* Effect.flip(inbound(fields)))._tag, "MalformedWebhook")
    })
  )
})

describe("a status callback", () => {
  it.live("of a finished call has its length in seconds, not in billed minutes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* status({}), {
        providerCallId: callSid,
        status: "completed",
        rawStatus: "completed",
        dedupeKey: `status:${callSid}:3:completed`,
        durationMs: 49_000,
        details: { timestamp: "Sun, 25 Mar 2018 09:53:19 +0000", sip_response_code: "200" }
      })
    })
  )

  for (const [word, expected] of [
    ["queued", "initiated"],
    ["initiated", "initiated"],
    ["ringing", "ringing"],
    ["in-progress", "in-progress"],
    ["completed", "completed"],
    ["busy", "busy"],
    ["no-answer", "no-answer"],
    ["failed", "failed"],
    ["canceled", "canceled"],
    ["brand-new", undefined],
    ["constructor", undefined]
  ] as const) {
    it.live(`says ${word}`, () =>
      Effect.gen(function* () {
        const report = yield* status({ CallStatus: word })
        assert.strictEqual(report.status, expected)
        assert.strictEqual(report.rawStatus, word)
      })
    )
  }

  it.live("of a failed call names the SIP status; unanswered calls lasted no time", () =>
    Effect.gen(function* () {
      const report = yield* status({ CallStatus: "no-answer", SipResponseCode: "487", CallDuration: undefined })
      assert.strictEqual(report.failureCode, "487")
      assert.strictEqual(report.durationMs, 0)
      assert.isUndefined((yield* status({ CallStatus: "ringing", CallDuration: undefined })).durationMs)
    })
  )

  it.live("delivered twice has one key; another event of the call has another", () =>
    Effect.gen(function* () {
      const key = (changes: Changes) => Effect.map(status(changes), ({ dedupeKey }) => dedupeKey)
      assert.strictEqual(yield* key({}), yield* key({}))
      assert.notStrictEqual(yield* key({}), yield* key({ SequenceNumber: "2", CallStatus: "in-progress" }))
      assert.strictEqual(yield* key({ SequenceNumber: undefined }), `status:${callSid}::completed`)
    })
  )

  it.live("tells who answered", () =>
    Effect.gen(function* () {
      for (const [verdict, expected] of [
        ["human", "human"],
        ["machine_start", "machine"],
        ["machine_end_beep", "machine"],
        ["fax", "fax"],
        ["unknown", "unknown"],
        ["robot", "unknown"]
      ] as const) {
        assert.strictEqual((yield* status({ AnsweredBy: verdict })).answeredBy, expected)
      }
    })
  )
})

const request = (body: string, headers: RawRequest["headers"] = {}): RawRequest => ({
  method: "POST",
  publicUrl: "https://voice.example.com/in",
  headers,
  body: Buffer.from(body)
})

describe("whose an unverified request is", () => {
  it("is told by headers or by the fields of every webhook", () => {
    assert.isTrue(spec.recognize(request("", { "user-agent": "TwilioProxy/1.1" })))
    assert.isTrue(spec.recognize(request("", { "x-twilio-signature": "x" })))
    assert.isTrue(spec.recognize(request(voice)))
    assert.isFalse(spec.recognize(request(voice.replace("AccountSid=AC", "AccountSid=XX"))))
    assert.isFalse(spec.recognize(request("CallSid=CA1&AccountSid=AC.1&ApiVersion=1")))
    assert.isFalse(spec.recognize(request('{"event":"call"}', { "user-agent": "curl" })))
  })

  it("is claimed by AccountSid, once", () => {
    assert.strictEqual(spec.claimedAccountId(request(voice)), accountSid)
    assert.isUndefined(spec.claimedAccountId(request("AccountSid=1")))
    assert.isUndefined(spec.claimedAccountId(request(`${voice}&AccountSid=AC00000000000000000000000000000009`)))
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

const handled = (route: ProviderRoute, request: Parameters<ProviderRoute["handle"]>[0], provider: TelephonyProvider) =>
  route.scope === "transfer"
    ? Effect.die("a route of a transfer")
    : route.handle(request, { callId: "run-42", configurationId: "config-1", provider })

const streamFields = (event: string, error?: string): FormFields => [
  ["AccountSid", accountSid],
  ["CallSid", callSid],
  ["StreamSid", "MZ4"],
  ["StreamEvent", event],
  ...(error === undefined ? [] : [["StreamError", error] as const])
]

describe("the routes", () => {
  /** Sends one webhook to a route; gives the reply and what was reported. */
  const deliver = (path: string, fields: FormFields) =>
    offline((provider) =>
      Effect.gen(function* () {
        const reported: Array<unknown> = []
        const note = (...what: ReadonlyArray<unknown>) => Effect.sync(() => void reported.push(what))
        const reports = CallReports.of({
          status: (call, report) => note("status", call, report),
          mediaFailed: (call, failure) => note("mediaFailed", call, failure),
          transferLeg: (transferId, report) => note("transferLeg", transferId, report),
          note: (call, event) => note("note", call, event)
        })
        const route = routes.find((one) => one.path === path)
        assert.isDefined(route)
        if (route === undefined) return yield* Effect.die("no route")
        const request = yield* provider.verify(webhook(fields))
        const reply = yield* handled(route, request, provider).pipe(Effect.provideService(CallReports, reports))
        return { reply, reported }
      })
    )

  it.live("status reports on the call of the URL", () =>
    Effect.gen(function* () {
      const { reply, reported } = yield* deliver("/status", fieldsOf(completed))
      assert.deepStrictEqual(reply, { status: 204, body: "" })
      const [[kind, call, report] = []] = reported.map((what) => (Array.isArray(what) ? what : []))
      assert.strictEqual(kind, "status")
      assert.deepStrictEqual(call, { callId: "run-42" })
      assert.deepStrictEqual(report, yield* status({}))
    })
  )

  it.live("number-status reports on an inbound call by the carrier's id", () =>
    Effect.gen(function* () {
      const { reported } = yield* deliver("/number-status", fieldsOf(completed, { Direction: "inbound" }))
      assert.deepInclude(JSON.parse(JSON.stringify(reported[0])), {
        configurationId: "config-1",
        providerCallId: callSid
      })
    })
  )

  it.live("stream-status reports a failed stream, and keeps the rest as notes", () =>
    Effect.gen(function* () {
      const failed = yield* deliver("/stream-status", streamFields("stream-error", "31920"))
      assert.deepStrictEqual(failed.reported, [
        ["mediaFailed", { callId: "run-42" }, { dedupeKey: "stream:MZ4:stream-error", error: "31920" }]
      ])
      const startedOne = yield* deliver("/stream-status", streamFields("stream-started"))
      assert.deepStrictEqual(startedOne.reported, [
        [
          "note",
          { callId: "run-42" },
          { dedupeKey: "stream:MZ4:stream-started", kind: "stream-started", details: { stream_id: "MZ4" } }
        ]
      ])
      const odd = yield* Effect.flip(deliver("/stream-status", fieldsOf(completed)))
      assert.strictEqual(odd._tag, "MalformedWebhook")
    })
  )

  it.live("amd reports who answered, without a status", () =>
    Effect.gen(function* () {
      const { reported } = yield* deliver("/amd", [
        ["AccountSid", accountSid],
        ["CallSid", callSid],
        ["AnsweredBy", "machine_start"],
        ["MachineDetectionDuration", "2100"]
      ])
      assert.deepStrictEqual(reported, [
        [
          "status",
          { callId: "run-42" },
          {
            providerCallId: callSid,
            status: undefined,
            rawStatus: "machine_start",
            answeredBy: "machine",
            dedupeKey: `amd:${callSid}:machine_start`,
            details: { machine_detection_ms: "2100" }
          }
        ]
      ])
    })
  )

  it.live("an unsigned webhook never gets that far", () =>
    Effect.gen(function* () {
      const signed = webhook(fieldsOf(completed))
      const forged = { ...signed, body: Buffer.from(encodeForm(fieldsOf(completed, { CallStatus: "failed" }))) }
      const error = yield* Effect.flip(offline((provider) => provider.verify(forged)))
      assert.strictEqual(error._tag, "SignatureRejected")
    })
  )
})
