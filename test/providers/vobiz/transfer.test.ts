import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { FormFields } from "../../../src/carrier/forms.ts"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { answer, reject } from "../../../src/providers/vobiz/markup.ts"
import { routes } from "../../../src/providers/vobiz/routes.ts"
import {
  account,
  base,
  call,
  callId,
  fieldsOf,
  hangup,
  offline,
  otherLeg,
  startApp,
  transfer,
  webhook
} from "./account.ts"

const head = '<?xml version="1.0" encoding="UTF-8"?>'

describe("the documents", () => {
  it("answer: audio both ways in mu-law, the address escaped, and never an empty document", () => {
    const { body, contentType, status } = answer({
      callId: "1",
      mediaUrl: "wss://h/m?a=1&b=<2>",
      links: { answer: "", route: () => "" }
    })
    assert.strictEqual(status, 200)
    assert.strictEqual(contentType, "application/xml")
    assert.strictEqual(
      body,
      `${head}<Response><Stream bidirectional="true" keepCallAlive="true" contentType="audio/x-mulaw;rate=8000">wss://h/m?a=1&amp;b=&lt;2&gt;</Stream><Hangup/></Response>`
    )
  })

  it("reject: a busy tone, or a sentence and the end", () => {
    assert.strictEqual(reject("busy").body, `${head}<Response><Hangup reason="busy"/></Response>`)
    assert.match(reject("no-agent").body, /<Speak [^>]+>[^<]+<\/Speak><Hangup\/><\/Response>$/)
  })
})

/** Sends one webhook to a route; gives the reply and what was reported. */
const deliver = (path: string, fields: FormFields, plan: TransferPlan = transfer) =>
  offline((provider) =>
    Effect.gen(function* () {
      const reported: Array<unknown> = []
      const note = (...what: ReadonlyArray<unknown>) => Effect.sync(() => void reported.push(what))
      const reports = CallReports.of({
        status: (reference, report) => note("status", reference, report.status),
        mediaFailed: (reference, failure) => note("mediaFailed", reference, failure),
        transferLeg: (id, { failure, providerCallId, state }) => note(id, providerCallId, state, failure),
        note: (reference, event) => note("note", reference, event)
      })
      const route = routes.find((one) => one.path === path)
      if (route === undefined) return yield* Effect.die("no route")
      const request = yield* provider.verify(webhook(fields))
      const context = { provider, configurationId: "config-1" }
      const handled =
        route.scope === "transfer"
          ? route.handle(request, { ...context, plan })
          : route.handle(request, { ...context, callId: "run-42" })
      const reply = yield* Effect.provideService(handled, CallReports, reports)
      return { reply, reported }
    })
  )

describe("the routes of calls", () => {
  it.live("status reports on the call of the URL, number-status by the carrier's id", () =>
    Effect.gen(function* () {
      const outbound = yield* deliver("/status", fieldsOf(hangup))
      assert.deepStrictEqual(outbound.reply, { status: 204, body: "" })
      assert.deepStrictEqual(outbound.reported, [["status", { callId: "run-42" }, "completed"]])
      const inbound = yield* deliver("/number-status", fieldsOf(hangup))
      assert.deepStrictEqual(inbound.reported, [
        ["status", { configurationId: "config-1", providerCallId: callId }, "completed"]
      ])
    })
  )
})

const legAnswer = fieldsOf(startApp, { CallUUID: otherLeg, CallStatus: "in-progress", Direction: "outbound" })
const legEnd = (changes: Readonly<Record<string, string>>) => fieldsOf(hangup, { CallUUID: otherLeg, ...changes })

describe("the routes of a transfer", () => {
  it.live("the destination's answer puts it into the room, where it may wait alone", () =>
    Effect.gen(function* () {
      const { reply, reported } = yield* deliver("/transfer-answer", legAnswer)
      assert.strictEqual(
        reply.body,
        `${head}<Response><Conference stayAlone="true" endConferenceOnExit="true" callbackUrl="https://voice.example.com/vobiz/transfer-room/transfer-token" callbackMethod="POST">transfer-7-room</Conference><Hangup/></Response>`
      )
      assert.deepStrictEqual(reported, [["transfer-7", otherLeg, "answered", undefined]])
    })
  )

  it.live("an announcement comes first, escaped; then the room tells when the destination is there", () =>
    Effect.gen(function* () {
      const plan = { ...transfer, announcement: "A <caller> & you" }
      const { reply, reported } = yield* deliver("/transfer-answer", legAnswer, plan)
      assert.include(reply.body, ">A &lt;caller&gt; &amp; you</Speak><Conference")
      assert.deepStrictEqual(reported, [["transfer-7", otherLeg, "ringing", undefined]])
      const entered = yield* deliver(
        "/transfer-room",
        [
          ["Event", "ConferenceEnter"],
          ["CallUUID", otherLeg]
        ],
        plan
      )
      assert.deepStrictEqual(entered.reported, [["transfer-7", otherLeg, "answered", undefined]])
    })
  )

  it.live("the caller in the room, and whoever leaves it, are no news", () =>
    Effect.gen(function* () {
      for (const [event, id] of [
        ["ConferenceEnter", callId],
        ["ConferenceExit", otherLeg]
      ] as const) {
        const { reported } = yield* deliver("/transfer-room", [
          ["Event", event],
          ["CallUUID", id]
        ])
        assert.deepStrictEqual(reported, [])
      }
      const own = yield* deliver("/transfer-answer", fieldsOf(startApp, { CallStatus: "in-progress" }))
      assert.deepStrictEqual(own.reported, [])
      assert.strictEqual(own.reply.body, `${head}<Response><Hangup/></Response>`)
    })
  )

  it.live("the caller follows into the room, and may be moved there twice without ending it", () =>
    Effect.gen(function* () {
      const { reply } = yield* deliver("/transfer-join", fieldsOf(startApp))
      assert.strictEqual(
        reply.body,
        `${head}<Response><Conference stayAlone="true" endConferenceOnExit="false">transfer-7-room</Conference><Hangup/></Response>`
      )
    })
  )

  for (const [changes, state, failure] of [
    [{ Event: "Ring", CallStatus: "ringing" }, "ringing", undefined],
    [{}, "ended", undefined],
    [{ CallStatus: "busy" }, "ended", "busy"],
    [{ CallStatus: "timeout" }, "ended", "no_answer"],
    [{ CallStatus: "cancel" }, "ended", "no_answer"],
    [{ CallStatus: "completed", AnswerTime: "", Duration: "0", HangupCauseCode: "6010" }, "ended", "no_answer"],
    [{ CallStatus: "failed", HangupCauseCode: "3020" }, "ended", "rejected"],
    [{ CallStatus: "failed", HangupCauseCode: "3050" }, "ended", "unreachable"],
    [{ CallStatus: "failed", HangupCauseCode: "3080" }, "ended", "carrier_failed"]
  ] as const) {
    it.live(`the destination's leg: ${JSON.stringify(changes)} is ${state} ${failure ?? ""}`, () =>
      Effect.gen(function* () {
        const { reported } = yield* deliver("/transfer-status", legEnd(changes))
        assert.deepStrictEqual(reported, [["transfer-7", otherLeg, state, failure]])
      })
    )
  }
})

const requests = (
  use: (
    strategy: NonNullable<Parameters<Parameters<typeof account>[1]>[0]["transfer"]>
  ) => Effect.Effect<unknown, unknown>
) =>
  account(
    ({ method, path }) =>
      method === "DELETE"
        ? { status: 404 }
        : method === "GET"
          ? { status: 200, json: { call_status: "ringing" } }
          : { status: path.endsWith("/Call/") ? 200 : 202, json: { request_uuid: otherLeg } },
    (provider, received) =>
      Effect.map(provider.transfer === undefined ? Effect.die("no capability") : use(provider.transfer), (result) => ({
        result,
        sent: received.map(({ body, method, path }): unknown => [
          `${method} ${path.slice(base.length)}`,
          ...(body === "" ? [] : [JSON.parse(body)])
        ])
      }))
  )

describe("the strategy", () => {
  it.live("dials the destination as a leg of its own", () =>
    Effect.gen(function* () {
      const { result, sent } = yield* requests((strategy) => strategy.dial(transfer))
      assert.deepStrictEqual(result, { providerCallId: otherLeg, rawStatus: "initiated" })
      const statusUrl = "https://voice.example.com/vobiz/transfer-status/transfer-token"
      assert.deepStrictEqual(sent, [
        [
          "POST /Call/",
          {
            from: "911140000001",
            to: "919800000002",
            answer_url: "https://voice.example.com/vobiz/transfer-answer/transfer-token",
            answer_method: "POST",
            ring_url: statusUrl,
            ring_method: "POST",
            hangup_url: statusUrl,
            hangup_method: "POST",
            ring_timeout: 30,
            time_limit: 3600
          }
        ]
      ])
    })
  )

  it.live("moves the caller, drops and asks for the destination", () =>
    Effect.gen(function* () {
      const moved = yield* requests((strategy) => strategy.join(transfer))
      assert.deepStrictEqual(moved.sent, [
        [
          `POST /Call/${callId}/`,
          {
            legs: "aleg",
            aleg_url: "https://voice.example.com/vobiz/transfer-join/transfer-token",
            aleg_method: "POST"
          }
        ]
      ])
      const dropped = yield* requests((strategy) => strategy.drop(transfer))
      assert.deepStrictEqual(dropped.sent, [[`DELETE /Call/${otherLeg}/`]])
      const status = yield* requests((strategy) => strategy.status(transfer))
      assert.deepInclude(status.result, { providerCallId: otherLeg, status: "ringing" })
    })
  )

  it.live("asks nothing where the destination's or the caller's id is unknown", () =>
    Effect.gen(function* () {
      const unknown = { ...transfer, destinationCallId: undefined }
      assert.deepStrictEqual((yield* requests((strategy) => strategy.drop(unknown))).sent, [])
      assert.isUndefined((yield* requests((strategy) => strategy.status(unknown))).result)
      const noCaller = { ...transfer, call: { ...call, providerCallId: undefined } }
      const { sent } = yield* requests((strategy) => Effect.flip(strategy.join(noCaller)))
      assert.deepStrictEqual(sent, [])
    })
  )
})
