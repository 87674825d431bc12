import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { routes } from "../../../src/providers/vonage/routes.ts"
import { call, callUuid, conversationUuid, mediaUuid, offline, ours, request, theirs, webhook } from "./account.ts"
import { issuedAt, query, tokens } from "./signatureVectors.ts"

type Fields = Readonly<Record<string, unknown>>

const answerFields = {
  from: "447700900000",
  to: "447700900123",
  uuid: callUuid,
  conversation_uuid: conversationUuid,
  region_url: "https://api-eu-3.vonage.com",
  endpoint_type: "phone"
}
const event = (changes: Fields = {}) => ({
  from: "15551230001",
  to: "15551230002",
  uuid: callUuid,
  conversation_uuid: conversationUuid,
  status: "ringing",
  direction: "outbound",
  timestamp: "2024-05-01T12:00:01.000Z",
  ...changes
})
const completed = event({
  headers: {},
  end_time: "2024-05-01T12:01:00.000Z",
  start_time: "2024-05-01T12:00:10.000Z",
  duration: "50",
  rate: "0.00750000",
  price: "0.00625000",
  network: "310410",
  sip_code: 200,
  disconnected_by: "user",
  status: "completed"
})
const mediaEvent = (status: string, changes: Fields = {}) =>
  event({
    uuid: mediaUuid,
    to: "wss://voice.example.com/ws/ticket",
    status,
    headers: { call_id: "run-42" },
    ...changes
  })

const read = <A, E>(
  raw: RawRequest,
  use: (
    provider: TelephonyProvider,
    request: Effect.Success<ReturnType<TelephonyProvider["verify"]>>
  ) => Effect.Effect<A, E>
) =>
  Effect.andThen(
    TestClock.setTime(issuedAt * 1000),
    offline((provider) => Effect.flatMap(provider.verify(raw), (verified) => use(provider, verified)))
  )
const inbound = (fields: Fields) => read(webhook(fields), (provider, verified) => provider.parseInbound(verified))
const status = (fields: Fields) => read(webhook(fields), (provider, verified) => provider.parseStatus(verified))

describe("an inbound call", () => {
  it.effect("is read from the answer webhook, numbers in our form, the region remembered", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* inbound(answerFields), {
        providerCallId: callUuid,
        from: "+447700900000",
        to: "+447700900123",
        details: { endpoint_type: "phone" },
        memory: { region_url: "https://api-eu-3.vonage.com", conversation_uuid: conversationUuid }
      })
    })
  )

  it.effect("is read from a GET, too", () =>
    Effect.gen(function* () {
      const raw = request("", tokens.G1, { method: "GET", publicUrl: `https://h/x?${query}`, body: new Uint8Array() })
      const read_ = yield* read(raw, (provider, verified) => provider.parseInbound(verified))
      assert.strictEqual(read_?.to, theirs)
      assert.strictEqual(read_?.from, ours)
      assert.strictEqual(read_?.memory?.["region_url"], "https://api-us-3.vonage.com")
    })
  )

  it.effect("may have a withheld caller, an app user, a uuid without dashes, and a region that is not believed", () =>
    Effect.gen(function* () {
      const { from: _, ...withheld } = answerFields
      assert.strictEqual((yield* inbound(withheld))?.from, "anonymous")
      assert.strictEqual((yield* inbound({ ...withheld, from_user: "alice" }))?.from, "alice")
      assert.strictEqual((yield* inbound({ ...answerFields, from: "unknown" }))?.from, "unknown")
      const bare = yield* inbound({
        ...answerFields,
        uuid: callUuid.replaceAll("-", ""),
        region_url: "https://evil.example"
      })
      assert.strictEqual(bare?.providerCallId, callUuid)
      assert.deepStrictEqual(bare?.memory, { conversation_uuid: conversationUuid })
    })
  )

  it.effect("is announced by no event", () =>
    Effect.gen(function* () {
      for (const fields of [
        event(),
        completed,
        { type: "transfer", uuid: callUuid },
        { reason: "x", conversation_uuid: "y" }
      ])
        assert.isUndefined(yield* inbound(fields))
      const fallback = { ...answerFields, reason: "Connection closed.", original_request: { type: "answer" } }
      assert.isDefined(yield* inbound(fallback))
    })
  )

  it.effect("without its ids is malformed", () =>
    Effect.gen(function* () {
      for (const fields of [
        {},
        { ...answerFields, uuid: "x" },
        { ...answerFields, to: undefined },
        { ...answerFields, to: 7.5e30 + "x", uuid: 1 }
      ])
        assert.strictEqual((yield* Effect.flip(inbound(fields)))._tag, "MalformedWebhook")
    })
  )
})

describe("a status", () => {
  for (const [changes, common] of [
    [{ status: "started" }, "initiated"],
    [{ status: "ringing" }, "ringing"],
    [{ status: "answered", start_time: null, rate: null }, "in-progress"],
    [{ status: "completed", duration: "3", start_time: "2024-05-01T12:00:10.000Z" }, "completed"],
    [{ status: "complete", duration: "3" }, "completed"],
    [{ status: "completed", duration: "0" }, "no-answer"],
    [{ status: "completed", duration: "0", start_time: "2024-05-01T12:00:10.000Z" }, "completed"],
    [{ status: "busy", sip_code: 486 }, "busy"],
    [{ status: "timeout" }, "no-answer"],
    [{ status: "unanswered", detail: "unavailable" }, "no-answer"],
    [{ status: "cancelled" }, "canceled"],
    [{ status: "rejected", detail: "declined", sip_code: 603 }, "busy"],
    [{ status: "rejected", detail: "restricted" }, "failed"],
    [{ status: "rejected" }, "failed"],
    [{ status: "failed", detail: "cannot_route" }, "failed"],
    [{ status: "machine", sub_state: "beep_start" }, undefined],
    [{ status: "something new" }, undefined]
  ] as const) {
    it.effect(`${JSON.stringify(changes)} is ${common}`, () =>
      Effect.map(status(event(changes)), (report) => {
        assert.strictEqual(report.status, common)
        assert.strictEqual(report.rawStatus, changes.status)
      })
    )
  }

  it.effect("of the end has length, code and facts", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* status(completed), {
        providerCallId: callUuid,
        status: "completed",
        rawStatus: "completed",
        dedupeKey: `status:${callUuid}:completed:`,
        durationMs: 50_000,
        details: {
          timestamp: "2024-05-01T12:00:01.000Z",
          sip_code: "200",
          disconnected_by: "user",
          network: "310410"
        }
      })
      assert.strictEqual((yield* status(event({ status: "busy", sip_code: "486" }))).failureCode, "486")
      assert.strictEqual(
        (yield* status(event({ status: "failed", detail: "cannot_route" }))).failureCode,
        "cannot_route"
      )
    })
  )

  it.effect("of a machine names the leg call_uuid", () =>
    Effect.gen(function* () {
      const report = yield* status({ ...event(), uuid: undefined, call_uuid: callUuid, status: "machine" })
      assert.strictEqual(report.answeredBy, "machine")
      assert.strictEqual(report.providerCallId, callUuid)
    })
  )

  it.effect("the answer webhook of an outbound call is one without a status: it tells the region", () =>
    Effect.gen(function* () {
      const report = yield* status(answerFields)
      assert.isUndefined(report.status)
      assert.deepStrictEqual(report.memory, {
        region_url: "https://api-eu-3.vonage.com",
        conversation_uuid: conversationUuid
      })
    })
  )

  it.effect("a media socket's leg is none of the call", () =>
    Effect.gen(function* () {
      for (const fields of [
        mediaEvent("completed"),
        mediaEvent("disconnected"),
        event({ status: "disconnected", to: undefined })
      ])
        assert.strictEqual((yield* Effect.flip(status(fields)))._tag, "MalformedWebhook")
    })
  )

  it.effect("never fails otherwise than as malformed", () =>
    Effect.gen(function* () {
      const name = fc.constantFrom(
        "status",
        "uuid",
        "call_uuid",
        "to",
        "from",
        "type",
        "reason",
        "payload",
        "detail",
        "__proto__"
      )
      const bodies = fc.sample(fc.oneof(fc.jsonValue(), fc.dictionary(name, fc.jsonValue())), 150)
      for (const body of bodies) {
        const raw = webhook({})
        const signed = { ...raw, ...webhookOf(JSON.stringify(body)) }
        const exits = yield* read(signed, (provider, verified) =>
          Effect.all([
            Effect.exit(Effect.asVoid(provider.parseInbound(verified))),
            Effect.exit(Effect.asVoid(provider.parseStatus(verified)))
          ])
        )
        for (const exit of exits) {
          if (Exit.isFailure(exit)) assert.include(JSON.stringify(exit), "MalformedWebhook")
        }
      }
    })
  )
})

const webhookOf = (body: string) => {
  const fields: unknown = JSON.parse(body)
  const made = webhook(typeof fields === "object" && fields !== null ? { ...fields } : {})
  return typeof fields === "object" && fields !== null && !Array.isArray(fields) ? made : webhook({ odd: fields })
}

const plan: TransferPlan = {
  transferId: "transfer-1",
  call,
  destination: theirs,
  callerId: ours,
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 3600,
  announcement: undefined,
  room: "room-1",
  links: { route: (path) => `https://voice.example.com/api/v1/telephony/vonage${path}/token` }
}

/** What a route tells the house about these fields. */
const told = (path: string, fields: Fields) =>
  read(webhook(fields), (provider, verified) =>
    Effect.gen(function* () {
      const reports: Array<readonly [string, unknown, unknown]> = []
      const note = (kind: string) => (subject: unknown, report: unknown) =>
        Effect.sync(() => void reports.push([kind, subject, report]))
      const desk = CallReports.of({
        status: note("status"),
        mediaFailed: note("mediaFailed"),
        transferLeg: note("transferLeg"),
        note: note("note")
      })
      const route = routes.find((each) => each.path === path) ?? assert.fail("no such route")
      const context = { provider, configurationId: "config-1", callId: "run-42", plan }
      const reply = yield* Effect.provideService(route.handle(verified, context), CallReports, desk)
      assert.deepStrictEqual(reply, { status: 204, body: "" })
      return reports
    })
  )

describe("the routes", () => {
  it.effect("the phone's events are the call's, on either of its URLs", () =>
    Effect.gen(function* () {
      for (const path of ["/status", "/media-status"]) {
        const [report] = yield* told(path, completed)
        assert.deepStrictEqual(report?.slice(0, 2), ["status", { callId: "run-42" }])
        assert.propertyVal(report?.[2], "status", "completed")
      }
    })
  )

  it.effect(
    "the media socket's never end the call: one that could not be opened is lost media, the rest is noted",
    () =>
      Effect.gen(function* () {
        for (const word of ["completed", "disconnected", "answered", "started"]) {
          const [report] = yield* told("/media-status", mediaEvent(word))
          assert.strictEqual(report?.[0], "note", word)
          assert.nestedPropertyVal(report?.[2], "details.media_leg", mediaUuid)
        }
        for (const word of ["failed", "unanswered", "rejected"]) {
          const [report] = yield* told("/status", mediaEvent(word))
          assert.deepStrictEqual(report?.slice(0, 2), ["mediaFailed", { callId: "run-42" }], word)
        }
      })
  )

  it.effect("errors and moves between conversations are noted", () =>
    Effect.gen(function* () {
      const [error] = yield* told("/status", {
        reason: "Syntax error in NCCO.",
        conversation_uuid: "CON-1",
        timestamp: "t"
      })
      assert.deepStrictEqual(error?.[2], {
        kind: "error",
        dedupeKey: "error:t",
        details: { reason: "Syntax error in NCCO.", timestamp: "t" }
      })
      const move = { type: "transfer", uuid: callUuid, conversation_uuid_from: "CON-1", conversation_uuid_to: "CON-2" }
      assert.propertyVal((yield* told("/status", move))[0]?.[2], "kind", "transfer")
    })
  )

  it.effect("the application's own events are found by the leg; a media socket's and an error's are nobody's", () =>
    Effect.gen(function* () {
      const [report] = yield* told(
        "/number-status",
        event({ direction: "inbound", status: "completed", duration: "5" })
      )
      assert.deepStrictEqual(report?.slice(0, 2), ["status", { configurationId: "config-1", providerCallId: callUuid }])
      assert.deepStrictEqual(yield* told("/number-status", mediaEvent("completed")), [])
      assert.deepStrictEqual(yield* told("/number-status", { reason: "x", conversation_uuid: "CON-1" }), [])
    })
  )

  for (const [changes, state, failure] of [
    [{ status: "ringing" }, "ringing", undefined],
    [{ status: "answered" }, "answered", undefined],
    [{ status: "completed", duration: "9", start_time: "x" }, "ended", undefined],
    [{ status: "busy" }, "ended", "busy"],
    [{ status: "timeout" }, "ended", "no_answer"],
    [{ status: "unanswered" }, "ended", "no_answer"],
    [{ status: "cancelled" }, "ended", "canceled"],
    [{ status: "rejected", detail: "declined" }, "ended", "rejected"],
    [{ status: "rejected", detail: "invalid_number" }, "ended", "unreachable"],
    [{ status: "failed", detail: "cannot_route" }, "ended", "unreachable"],
    [{ status: "failed", detail: "internal_error" }, "ended", "carrier_failed"]
  ] as const) {
    it.effect(`a destination that is ${JSON.stringify(changes)} is ${state}, ${failure}`, () =>
      Effect.gen(function* () {
        const [report] = yield* told("/transfer-status", event(changes))
        assert.deepStrictEqual(report, [
          "transferLeg",
          "transfer-1",
          {
            providerCallId: callUuid,
            state,
            rawStatus: changes.status,
            dedupeKey: `transfer:${callUuid}:${changes.status}`,
            ...(failure === undefined ? {} : { failure })
          }
        ])
      })
    )
  }

  it.effect("a destination's other events say nothing", () =>
    Effect.gen(function* () {
      for (const fields of [
        event({ status: "started" }),
        event({ status: "human" }),
        { type: "transfer", uuid: callUuid }
      ])
        assert.deepStrictEqual(yield* told("/transfer-status", fields), [])
    })
  )
})
