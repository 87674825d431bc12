import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { encodeForm, type FormFields } from "../../../src/carrier/forms.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import { CallReports, type ProviderRoute } from "../../../src/carrier/ProviderRoute.ts"
import type { TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { spec } from "../../../src/providers/plivo/index.ts"
import { routes } from "../../../src/providers/plivo/routes.ts"
import {
  authId,
  call,
  callUuid,
  configurationId,
  fieldsOf,
  hangupBody,
  inboundBody,
  offline,
  webhook
} from "./account.ts"

type Changes = Readonly<Record<string, string | undefined>>

const inbound = (fields: FormFields) =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(fields)), provider.parseInbound))
const status = (fields: FormFields) =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(fields)), provider.parseStatus))
const ended = (changes: Changes) => status(fieldsOf(hangupBody, changes))

const unanswered = (code: string, word = "completed"): Changes => ({
  AnswerTime: "",
  Duration: "0",
  CallStatus: word,
  HangupCauseCode: code,
  TotalCost: "0.00000"
})

describe("an inbound call", () => {
  it.live("is read from the answer webhook, without empty facts", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inbound(fieldsOf(inboundBody)), {
        providerCallId: callUuid,
        from: "+14155550111",
        to: "14155550100",
        details: {
          direction: "inbound",
          caller_name: "14155550111",
          caller_country: "US",
          stir_verdict: "Not Applicable",
          session_start: "2024-10-25 14:13:37.779297"
        }
      })
      assert.strictEqual((yield* inbound(fieldsOf(inboundBody, { From: "" })))?.from, "anonymous")
    })
  )

  it.live("is not announced by its hangup, which an application without hangup URL sends to the same address", () =>
    Effect.gen(function* () {
      const hangup = fieldsOf(hangupBody, { Direction: "inbound" })
      assert.isUndefined(yield* inbound(hangup))
      assert.strictEqual((yield* status(hangup)).status, "completed")
      assert.isUndefined(yield* inbound(fieldsOf(hangupBody, { Event: undefined })))
      assert.isUndefined(yield* inbound(fieldsOf(inboundBody, { Direction: "outbound" })))
    })
  )

  it.live("without a usable id or a called number is malformed", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<FormFields> = [
        fieldsOf(inboundBody, { CallUUID: undefined }),
        fieldsOf(inboundBody, { CallUUID: "a b" }),
        fieldsOf(inboundBody, { To: "" }),
        [...fieldsOf(inboundBody), ["CallUUID", "another-id-of-a-call"]]
      ]
      for (const fields of bad) assert.strictEqual((yield* Effect.flip(inbound(fields)))._tag, "MalformedWebhook")
    })
  )
})

describe("the state of a call", () => {
  it.live("that was answered and is over", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* ended({}), {
        providerCallId: callUuid,
        status: "completed",
        rawStatus: "completed",
        dedupeKey: `status:${callUuid}:Hangup:completed`,
        durationMs: 31_000,
        cost: { amount: "0.00850", currency: "USD" },
        memory: { request_uuid: callUuid },
        details: {
          event: "Hangup",
          hangup_cause: "NORMAL_CLEARING",
          hangup_cause_name: "Normal Hangup",
          hangup_cause_code: "4000",
          hangup_source: "Callee",
          direction: "outbound"
        }
      })
    })
  )

  it.live("rings, or is answered: the answer webhook of an outbound call says so", () =>
    Effect.gen(function* () {
      const ring = fieldsOf(inboundBody, { Direction: "outbound", Event: "Ring" })
      assert.strictEqual((yield* status(ring)).status, "ringing")
      const answered = fieldsOf(inboundBody, { Direction: "outbound", CallStatus: "in-progress" })
      assert.strictEqual((yield* status(answered)).status, "in-progress")
      assert.strictEqual((yield* status(fieldsOf(inboundBody))).status, "ringing")
    })
  )

  for (const [code, expected] of [
    ["3010", "busy"],
    ["3100", "busy"],
    ["3000", "no-answer"],
    ["6010", "no-answer"],
    ["1000", "canceled"],
    ["9000", "canceled"],
    ["3020", "failed"],
    ["1010", "failed"],
    ["2030", "failed"],
    ["7011", "failed"],
    ["8011", "failed"]
  ] as const) {
    it.live(`'completed' may be said of a call that was never answered: ${code} is ${expected}`, () =>
      Effect.gen(function* () {
        const report = yield* ended(unanswered(code))
        assert.strictEqual(report.status, expected)
        assert.strictEqual(report.failureCode, code)
        assert.strictEqual(report.durationMs, 0)
        assert.isUndefined(report.cost)
      })
    )
  }

  for (const [word, expected] of [
    ["busy", "busy"],
    ["no-answer", "no-answer"],
    ["timeout", "no-answer"],
    ["cancel", "canceled"],
    ["failed", "failed"],
    ["Completed", "completed"]
  ] as const) {
    it.live(`follows the word ${word} where the code tells nothing`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* ended({ ...unanswered("0", word) })).status, expected)
      })
    )
  }

  it.live("an answered call stays completed though it broke, and a machine is told", () =>
    Effect.gen(function* () {
      const broken = yield* ended({ HangupCauseCode: "6020", CallStatus: "failed" })
      assert.strictEqual(broken.status, "completed")
      assert.strictEqual(broken.details?.["hangup_cause_code"], "6020")
      assert.strictEqual((yield* ended({ HangupCauseCode: "9100" })).answeredBy, "machine")
    })
  )

  it.live("is not told by the events of a stream, with or without a CallStatus", () =>
    Effect.gen(function* () {
      const stopped = { Event: "StopStream", Duration: "3" }
      assert.isUndefined((yield* ended({ ...stopped, CallStatus: "completed" })).status)
      const error = yield* Effect.flip(ended({ ...stopped, CallStatus: undefined }))
      assert.strictEqual(error._tag, "MalformedWebhook")
      assert.isUndefined((yield* ended({ Event: "Redirect", CallStatus: "new-word" })).status)
    })
  )

  it.live("is read or refused, never crashed on", () =>
    Effect.gen(function* () {
      const name = fc.constantFrom(
        "CallUUID",
        "CallStatus",
        "Event",
        "Direction",
        "Duration",
        "AnswerTime",
        "HangupCauseCode",
        "TotalCost"
      )
      const samples = fc.sample(fc.array(fc.tuple(name, fc.string({ maxLength: 12 })), { maxLength: 8 }), 60)
      for (const fields of samples) {
        yield* Effect.exit(status(fields))
        yield* Effect.exit(inbound(fields))
      }
      const outcome = yield* Effect.flip(status([["CallStatus", "x y"]]))
      assert.strictEqual(outcome._tag, "MalformedWebhook")
    })
  )
})

const request = (fields: FormFields, headers: RawRequest["headers"]): RawRequest => ({
  method: "POST",
  publicUrl: "https://voice.example.com/x",
  headers,
  body: Buffer.from(encodeForm(fields))
})

describe("whose webhook it is", () => {
  it("Plivo's has its headers and a call id; the same fields from another carrier are not Plivo's", () => {
    const fields = fieldsOf(inboundBody)
    assert.isTrue(spec.recognize(request(fields, { "x-plivo-signature-v3": "a" })))
    assert.isTrue(spec.recognize(request(fields, { "x-plivo-signature-ma-v3": "a" })))
    assert.isFalse(spec.recognize(request(fields, { "x-vobiz-signature-v3": "a" })))
    assert.isFalse(spec.recognize(request(fields, { "x-plivo-signature-v2": "a" })))
    assert.isFalse(spec.recognize(request([], { "x-plivo-signature-v3": "a" })))
  })

  it("names the subaccount if it does, else the main account", () => {
    const sub = "SAABCDEFGHIJ12345678"
    assert.strictEqual(spec.claimedAccountId(request(fieldsOf(inboundBody), {})), authId)
    assert.strictEqual(spec.claimedAccountId(request(fieldsOf(inboundBody, { AuthID: sub }), {})), sub)
    assert.isUndefined(spec.claimedAccountId(request(fieldsOf(inboundBody, { ParentAuthID: "MA1" }), {})))
    assert.isTrue(spec.tokenInInboundUrl)
  })
})

const plan: TransferPlan = {
  transferId: "t-1",
  call,
  destination: "+14155550122",
  callerId: "+14155550100",
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 600,
  announcement: "You are being connected.",
  room: "transfer-t-1",
  links: { route: (path) => `https://voice.example.com/plivo${path}/token` }
}

/** What the routes reported, in order. */
const routed = (path: string, fields: FormFields) =>
  offline((provider) =>
    Effect.gen(function* () {
      const told: Array<unknown> = []
      const tell = (kind: string) => (subject: unknown, what: unknown) =>
        Effect.sync(() => void told.push([kind, subject, what]))
      const request = yield* provider.verify(webhook(fields))
      const route: ProviderRoute = routes.find((each) => each.path === path) ?? assert.fail(`no route ${path}`)
      const context = { provider, configurationId, callId: "run-42", plan }
      const reply = yield* route.handle(request, context).pipe(
        Effect.provideService(CallReports, {
          status: tell("status"),
          mediaFailed: tell("mediaFailed"),
          transferLeg: tell("transferLeg"),
          note: tell("note")
        })
      )
      return { told, reply }
    })
  )

const stream = (changes: Changes): FormFields =>
  fieldsOf(`CallUUID=${callUuid}&StreamID=s-1&Timestamp=2024-10-25&ServiceURL=wss%3A%2F%2Fv%2Fsecret`, changes)

describe("the routes", () => {
  it.live("tell the end of a call by its own URL, and of an inbound one by Plivo's id", () =>
    Effect.gen(function* () {
      const outbound = yield* routed("/status", fieldsOf(hangupBody))
      assert.strictEqual(outbound.reply.status, 204)
      assert.deepStrictEqual(
        outbound.told.map((each) => JSON.stringify(each).slice(0, 29)),
        ['["status",{"callId":"run-42"}']
      )
      const incoming = yield* routed("/number-status", fieldsOf(hangupBody, { Direction: "inbound" }))
      assert.include(
        JSON.stringify(incoming.told[0]),
        `{"configurationId":"${configurationId}","providerCallId":"${callUuid}"}`
      )
    })
  )

  it.live("StopStream is not the end of a call, DroppedStream is the end of its media", () =>
    Effect.gen(function* () {
      for (const event of ["StartStream", "StopStream", "DegradedStream", "PlayedStream", "ClearedAudio", "stopped"]) {
        const { told } = yield* routed("/stream-status", stream({ Event: event }))
        assert.strictEqual(told.length, 1)
        assert.include(JSON.stringify(told), `["note",{"callId":"run-42"}`)
        assert.notInclude(JSON.stringify(told), "secret")
      }
      const dropped = yield* routed("/stream-status", stream({ Event: "DroppedStream", Error: "gone" }))
      assert.deepStrictEqual(dropped.told, [
        ["mediaFailed", { callId: "run-42" }, { dedupeKey: "stream:s-1:DroppedStream::2024-10-25", error: "gone" }]
      ])
    })
  )

  it.live("a destination that answers goes into the room, twice the same", () =>
    Effect.gen(function* () {
      const answered = fieldsOf(inboundBody, { Direction: "outbound", CallStatus: "in-progress" })
      const { told, reply } = yield* routed("/transfer-answer", answered)
      assert.deepStrictEqual(told, [
        [
          "transferLeg",
          "t-1",
          { providerCallId: callUuid, rawStatus: "in-progress", state: "answered", dedupeKey: `answer:${callUuid}` }
        ]
      ])
      assert.strictEqual(
        reply.body,
        '<?xml version="1.0" encoding="UTF-8"?><Response><Speak voice="WOMAN" language="en-US">You are being connected.</Speak><Conference endConferenceOnExit="true">transfer-t-1</Conference><Hangup/></Response>'
      )
      assert.deepStrictEqual((yield* routed("/transfer-answer", answered)).reply, reply)
    })
  )

  it.live("the caller goes into the same room, and leaving it does not close it", () =>
    Effect.gen(function* () {
      const { told, reply } = yield* routed("/transfer-caller", fieldsOf(inboundBody, { Event: "Redirect" }))
      assert.deepStrictEqual(told, [])
      assert.include(reply.body, '<Conference endConferenceOnExit="false">transfer-t-1</Conference>')
    })
  )

  it.live("a destination that rings, ends, or was never reached", () =>
    Effect.gen(function* () {
      const leg = (fields: FormFields) =>
        Effect.map(routed("/transfer-status", fields), ({ told }) => JSON.stringify(told[0] ?? ""))
      assert.include(yield* leg(fieldsOf(inboundBody, { Event: "Ring", Direction: "outbound" })), '"state":"ringing"')
      const over = yield* leg(fieldsOf(hangupBody))
      assert.include(over, '"state":"ended"')
      assert.notInclude(over, "failure")
      for (const [code, failure] of [
        ["3010", "busy"],
        ["3000", "no_answer"],
        ["1000", "no_answer"],
        ["3020", "rejected"],
        ["2000", "unreachable"],
        ["3080", "carrier_failed"],
        ["4000", "no_answer"]
      ] as const) {
        assert.include(yield* leg(fieldsOf(hangupBody, unanswered(code))), `"failure":"${failure}"`, code)
      }
    })
  )
})
