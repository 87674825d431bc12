import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferLegReport, TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { clientState } from "../../../src/providers/telnyx/correlation.ts"
import { spec } from "../../../src/providers/telnyx/index.ts"
import { routes } from "../../../src/providers/telnyx/routes.ts"
import { call, callControlId, connectionId, event, offline, webhook } from "./account.ts"

const inboundPayload = { direction: "incoming", state: "parked", caller_id_name: "Ada" }

const inbound = (body: string) =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(body)), provider.parseInbound))

const status = (body: string, urlToken: "call" | "configuration" = "call") =>
  offline((provider) => Effect.flatMap(provider.verify(webhook(body, { urlToken })), provider.parseStatus))

describe("an inbound call", () => {
  it.effect("is announced by call.initiated, incoming", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inbound(event("call.initiated", inboundPayload)), {
        providerCallId: callControlId,
        from: "+15551230001",
        to: "+15551230002",
        details: {
          caller_name: "Ada",
          call_leg_id: "11111111-c81c-11f0-afbb-0242ac110002",
          call_session_id: "22222222-c81c-11f0-abac-0242ac110002"
        }
      })
      assert.strictEqual(
        (yield* inbound(event("call.initiated", { ...inboundPayload, from: null })))?.from,
        "anonymous"
      )
    })
  )

  it.effect("is announced under the name of version 1 as well", () =>
    Effect.gen(function* () {
      assert.isDefined(yield* inbound(event("call_initiated", inboundPayload)))
    })
  )

  it.effect("is announced by nothing else", () =>
    Effect.gen(function* () {
      for (const body of [
        event("call.initiated", { direction: "outgoing", state: "bridging" }),
        event("call.initiated"),
        event("call.answered", inboundPayload),
        event("call.hangup", inboundPayload),
        "{}",
        "nonsense"
      ])
        assert.isUndefined(yield* inbound(body), body)
    })
  )

  it.effect("without its id or its called number is malformed", () =>
    Effect.gen(function* () {
      for (const changes of [{ call_control_id: "" }, { call_control_id: null }, { to: "" }, { to: null }])
        yield* Effect.flip(inbound(event("call.initiated", { ...inboundPayload, ...changes })))
    })
  )
})

const hangup = (cause: string, sip?: string, more: Readonly<Record<string, unknown>> = {}) =>
  event("call.hangup", { hangup_cause: cause, sip_hangup_cause: sip, ...more })

describe("the state of a call", () => {
  it.effect("begins with initiated, and is in progress when answered; there is no ringing", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* status(event("call.initiated", { direction: "outgoing" }))).status, "initiated")
      const answered = yield* status(event("call.answered", { codec: "PCMU" }))
      assert.strictEqual(answered.status, "in-progress")
      assert.strictEqual(answered.dedupeKey, "event:id-of-call.answered")
      assert.deepStrictEqual(answered.memory, { answered_at: "2025-11-23T03:30:00.076316Z" })
      assert.strictEqual(answered.details?.["codec"], "PCMU")
    })
  )

  const stats = { call_quality_stats: { inbound: { mos: "4.50" } } }
  for (const [cause, sip, more, expected, code] of [
    ["normal_clearing", "200", {}, "completed", undefined],
    ["normal_clearing", undefined, {}, "completed", undefined],
    ["normal_clearing", "480", {}, "no-answer", "480"],
    ["normal_clearing", "408", {}, "no-answer", "408"],
    ["normal_clearing", "486", {}, "busy", "486"],
    ["normal_clearing", "600", {}, "busy", "600"],
    ["normal_clearing", "503", {}, "failed", "503"],
    ["time_limit", "200", {}, "completed", undefined],
    ["user_busy", "486", {}, "busy", "486"],
    ["busy", undefined, {}, "busy", "busy"],
    ["no_answer", "unspecified", {}, "no-answer", "no_answer"],
    ["timeout", undefined, {}, "no-answer", "timeout"],
    ["originator_cancel", "487", {}, "canceled", "487"],
    ["call_rejected", "603", {}, "failed", "603"],
    ["call_rejected", "486", {}, "busy", "486"],
    ["not_found", "404", {}, "failed", "404"],
    ["unallocated_number", undefined, {}, "failed", "unallocated_number"],
    ["unspecified", undefined, {}, "failed", "unspecified"],
    ["something_new", undefined, {}, "failed", "something_new"],
    ["something_new", "200", {}, "completed", undefined],
    ["unspecified", undefined, stats, "completed", undefined]
  ] as const) {
    it.effect(`ends with ${cause} ${sip ?? ""} as ${expected}`, () =>
      Effect.gen(function* () {
        const report = yield* status(hangup(cause, sip, more))
        assert.strictEqual(report.status, expected)
        assert.strictEqual(report.failureCode, code)
        assert.strictEqual(report.rawStatus, cause)
        assert.isUndefined(report.durationMs)
      })
    )
  }

  it.effect("of a caller who gave up before we answered is canceled: that is told at the application's URL", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* status(hangup("normal_clearing"), "configuration")).status, "canceled")
      assert.strictEqual((yield* status(hangup("normal_clearing", "200"), "configuration")).status, "completed")
    })
  )

  it.effect("is not told by other events, of which some name no call", () =>
    Effect.gen(function* () {
      for (const type of ["call.bridged", "streaming.started", "call.dtmf.received", "call.ai_gather.ended"])
        assert.isUndefined((yield* status(event(type))).status)
      const saved = yield* status(event("call.recording.saved", { call_control_id: undefined }))
      assert.isUndefined(saved.status)
      assert.notStrictEqual(saved.providerCallId, "")
      yield* Effect.flip(status(event("call.hangup", { call_control_id: undefined })))
    })
  )

  it.effect("comes with the price in an event of its own, after the end", () =>
    Effect.gen(function* () {
      const parts = [{ call_part: "sip-trunking", cost: "0.0070", currency: "USD" }]
      const cost = { total_cost: "0.0105", status: "success", cost_parts: parts }
      const report = yield* status(event("call.cost", cost))
      assert.isUndefined(report.status)
      assert.deepStrictEqual(report.cost, { amount: "0.0105", currency: "USD" })
      const euros = yield* status(event("call.cost", { ...cost, cost_parts: [{ currency: "eur" }] }))
      assert.strictEqual(euros.cost?.currency, "EUR")
      assert.isUndefined((yield* status(event("call.cost", { ...cost, total_cost: null }))).cost)
    })
  )
})

const raw = (headers: Readonly<Record<string, string>>) => ({ ...webhook(event("call.initiated")), headers })

describe("recognizing Telnyx", () => {
  it("goes by its own headers, not by the look of the body", () => {
    assert.isTrue(spec.recognize(webhook("{}")))
    assert.isTrue(spec.recognize(raw({ "user-agent": "telnyx-webhooks" })))
    assert.isFalse(spec.recognize(raw({ "user-agent": "TwilioProxy/1.1" })))
    assert.isFalse(spec.recognize(raw({})))
  })

  it("reads the application that is claimed, as text only", () => {
    assert.strictEqual(spec.claimedAccountId(webhook(event("call.initiated"))), connectionId)
    for (const connection_id of [1_494_404, "", null, "x", undefined])
      assert.isUndefined(spec.claimedAccountId(webhook(event("call.initiated", { connection_id }))))
    assert.isUndefined(spec.claimedAccountId(webhook("[")))
  })

  it("never fails on what anybody may send", () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.jsonValue().map((payload) => Buffer.from(JSON.stringify({ data: { event_type: "call.initiated", payload } })))
    )
    fc.assert(
      fc.property(body, (bytes) => {
        spec.claimedAccountId(webhook(bytes))
        const parsed = offline((provider) =>
          Effect.flatMap(provider.verify(webhook(bytes, { headers: {} })), provider.parseInbound)
        )
        assert.isTrue(Exit.isFailure(Effect.runSyncExit(parsed)))
      }),
      { numRuns: 50 }
    )
  })

  it.effect("reads any signed event as a call, as none, or as malformed", () =>
    Effect.forEach(
      fc.sample(
        fc.record({
          call_control_id: fc.jsonValue(),
          from: fc.jsonValue(),
          to: fc.jsonValue(),
          hangup_cause: fc.jsonValue(),
          sip_hangup_cause: fc.jsonValue(),
          cost_parts: fc.jsonValue(),
          connection_id: fc.constant(connectionId)
        }),
        100
      ),
      (payload) =>
        Effect.gen(function* () {
          for (const type of ["call.initiated", "call.hangup", "call.cost"]) {
            const body = event(type, { direction: "incoming", ...payload })
            for (const read of [Effect.asVoid(inbound(body)), Effect.asVoid(status(body))]) {
              const outcome = yield* Effect.result(read)
              if (outcome._tag === "Failure") assert.strictEqual(outcome.failure._tag, "MalformedWebhook")
            }
          }
        }),
      { discard: true }
    )
  )
})

const plan: TransferPlan = {
  transferId: "transfer-7",
  call,
  destination: "+15551230003",
  callerId: "+15551230002",
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 3600,
  announcement: undefined,
  room: "room-1",
  links: { route: (path) => `https://voice.example.com${path}` }
}

/** What the routes tell the rest of the house of one event. */
const told = (path: string, body: string) =>
  Effect.gen(function* () {
    const reports: Array<unknown> = []
    const statuses: Array<StatusReport> = []
    const legs: Array<TransferLegReport> = []
    const add = (kind: string, subject: unknown, report: unknown) => reports.push([kind, subject, report])
    const listening = CallReports.of({
      status: (call, report) => Effect.sync(() => void (statuses.push(report), add("status", call, report))),
      mediaFailed: (call, failure) => Effect.sync(() => void add("mediaFailed", call, failure)),
      transferLeg: (id, report) => Effect.sync(() => void (legs.push(report), add("transferLeg", id, report))),
      note: (call, note) => Effect.sync(() => void add("note", call, note))
    })
    const route = routes.find((each) => each.path === path) ?? assert.fail("there is no such route")
    yield* offline((provider) =>
      Effect.gen(function* () {
        const context = { provider, configurationId: "config-1" }
        const urlToken = route.scope === "transfer" ? "transfer" : "call"
        const request = yield* provider.verify(webhook(body, { urlToken }))
        const handled =
          route.scope === "transfer"
            ? route.handle(request, { ...context, plan })
            : route.scope === "call"
              ? route.handle(request, { ...context, callId: "run-42" })
              : Effect.die("there are no routes of the account")
        return yield* Effect.provideService(handled, CallReports, listening)
      })
    )
    return { reports, statuses, legs }
  })

describe("the events of a call", () => {
  it.effect("report its state, under the id that the event names", () =>
    Effect.gen(function* () {
      const { reports, statuses } = yield* told("/events", event("call.answered", { call_control_id: "v3:later" }))
      assert.deepStrictEqual(reports, [["status", { callId: "run-42" }, statuses[0]]])
      assert.strictEqual(statuses[0]?.providerCallId, "v3:later")
    })
  )

  it.effect("of another leg change nothing: a conference names the destination at the caller's URL", () =>
    Effect.gen(function* () {
      for (const type of ["conference.participant.joined", "conference.created", "call.dtmf.received"])
        assert.deepStrictEqual((yield* told("/events", event(type, { call_control_id: "v3:destination" }))).reports, [])
      const others = [clientState({ call: "run-43" }), clientState({ transfer: "run-42" })]
      for (const client_state of others)
        assert.deepStrictEqual((yield* told("/events", event("call.hangup", { client_state }))).reports, [])
      const own = event("call.hangup", { client_state: clientState({ call: "run-42" }) })
      assert.strictEqual((yield* told("/events", own)).statuses.length, 1)
    })
  )

  it.effect("say that the media failed, and why", () =>
    Effect.gen(function* () {
      const failed = event("streaming.failed", { failure_reason: "connection_failed", stream_id: "s" })
      assert.deepStrictEqual((yield* told("/events", failed)).reports, [
        [
          "mediaFailed",
          { callId: "run-42" },
          { dedupeKey: "event:id-of-streaming.failed", error: "The carrier could not stream: connection_failed." }
        ]
      ])
      const strange = yield* told("/events", event("streaming.failed", { failure_reason: "<wss://secret>" }))
      assert.notInclude(JSON.stringify(strange), "secret")
    })
  )

  it.effect("are noted where they say that the media goes on or ends", () =>
    Effect.gen(function* () {
      const { reports } = yield* told("/events", event("streaming.stopped", { stream_url: "wss://x/ticket" }))
      const note = { dedupeKey: "event:id-of-streaming.stopped", kind: "streaming.stopped", details: {} }
      assert.deepStrictEqual(reports, [["note", { callId: "run-42" }, note]])
    })
  )

  it.effect("that nobody can read are malformed", () => Effect.asVoid(Effect.flip(told("/events", "nonsense"))))
})

describe("the events of a transfer's destination", () => {
  const leg = (type: string, payload: Readonly<Record<string, unknown>> = {}) =>
    Effect.map(told("/transfer-events", event(type, payload)), ({ legs }) => legs[0])

  it.effect("report ringing, the answer under the id that it names, and the end", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* leg("call.initiated", { direction: "outgoing" }), {
        providerCallId: callControlId,
        state: "ringing",
        rawStatus: "call.initiated",
        dedupeKey: "event:id-of-call.initiated"
      })
      const answered = yield* leg("call.answered", { call_control_id: "v3:later" })
      assert.strictEqual(answered?.state, "answered")
      assert.strictEqual(answered?.providerCallId, "v3:later")
      const ended = yield* leg("call.hangup", { hangup_cause: "normal_clearing", sip_hangup_cause: "200" })
      assert.strictEqual(ended?.state, "ended")
      assert.isUndefined(ended?.failure)
    })
  )

  for (const [cause, sip, failure] of [
    ["user_busy", "486", "busy"],
    ["busy", undefined, "busy"],
    ["normal_clearing", "486", "busy"],
    ["no_answer", undefined, "no_answer"],
    ["timeout", undefined, "no_answer"],
    ["normal_clearing", "480", "no_answer"],
    ["call_rejected", "603", "rejected"],
    ["call_rejected", "486", "busy"],
    ["not_found", "404", "unreachable"],
    ["unallocated_number", undefined, "unreachable"],
    ["unspecified", "404", "unreachable"],
    ["originator_cancel", "487", "canceled"],
    ["unspecified", "503", "carrier_failed"],
    ["something_new", undefined, "carrier_failed"]
  ] as const) {
    it.effect(`that ended with ${cause} ${sip ?? ""} failed as ${failure}`, () =>
      Effect.gen(function* () {
        const ended = yield* leg("call.hangup", { hangup_cause: cause, sip_hangup_cause: sip })
        assert.strictEqual(ended?.state, "ended")
        assert.strictEqual(ended?.failure, failure)
      })
    )
  }

  it.effect("of others, and other events, change nothing", () =>
    Effect.gen(function* () {
      for (const type of ["call.bridged", "streaming.started", "call.cost", "conference.created"])
        assert.isUndefined(yield* leg(type))
      assert.isUndefined(yield* leg("call.answered", { client_state: clientState({ transfer: "transfer-8" }) }))
      assert.isUndefined(yield* leg("call.answered", { client_state: clientState({ call: "transfer-7" }) }))
    })
  )
})
