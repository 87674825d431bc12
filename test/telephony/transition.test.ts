import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as fc from "fast-check"
import { type CallStatus, isFinal } from "../../src/carrier/CallStatus.ts"
import type { StatusReport } from "../../src/carrier/TelephonyProvider.ts"
import type { CallRecord } from "../../src/telephony/callRow.ts"
import { owners } from "../../src/telephony/EndReason.ts"
import { type Conditions, ended, mediaBroke, mediaMoved, reported } from "../../src/telephony/transition.ts"

const start = DateTime.makeUnsafe("2026-03-01T10:00:00Z")
const at = (seconds: number): Conditions => ({ now: DateTime.add(start, { seconds }), maxCallSeconds: 3600 })

const call = (changes: Partial<CallRecord> = {}): CallRecord => ({
  id: "call",
  organizationId: "organization",
  telephonyConfigurationId: "configuration",
  agentId: "agent",
  mode: "fake",
  direction: "outbound",
  from: "+14155550100",
  to: "+442071838750",
  providerCallId: undefined,
  memory: {},
  status: "initiated",
  mediaState: "none",
  createdAt: start,
  answeredAt: undefined,
  endedAt: undefined,
  transferredAt: undefined,
  durationMs: undefined,
  deadlineAt: DateTime.add(start, { seconds: 90 }),
  leaseUntil: undefined,
  hangupDueAt: undefined,
  hangupAttempts: 0,
  endReason: undefined,
  endOwner: undefined,
  nodeId: "node",
  context: {},
  record: undefined,
  answeredBy: undefined,
  cost: undefined,
  ...changes
})

const report = (status: CallStatus | undefined, more: Partial<StatusReport> = {}): StatusReport => ({
  providerCallId: "CA1",
  status,
  rawStatus: status ?? "odd",
  dedupeKey: status ?? "odd",
  ...more
})

/** The row without the times, which tell when a report came and nothing else. */
const facts = ({ answeredAt, endedAt, ...row }: CallRecord) => ({
  ...row,
  deadlineAt: undefined,
  answered: answeredAt !== undefined,
  ended: endedAt !== undefined
})

describe("a carrier's reports", () => {
  it("move the call forward and give it one reason", () => {
    const ringing = reported(call(), report("ringing"), at(1))
    assert.strictEqual(ringing.status, "ringing")
    const answered = reported(ringing, report("in-progress"), at(5))
    assert.deepStrictEqual(answered.answeredAt, at(5).now)
    const done = reported(answered, report("completed", { durationMs: 9000 }), at(14))
    assert.deepInclude(facts(done), { status: "completed", endReason: "callee_hung_up", endOwner: "callee" })
    assert.strictEqual(done.durationMs, 9000)
  })

  it("of a final status end the call by its meaning", () => {
    const reason = (direction: CallRecord["direction"], status: CallStatus) =>
      reported(call({ direction }), report(status), at(1)).endReason
    assert.strictEqual(reason("outbound", "busy"), "busy")
    assert.strictEqual(reason("outbound", "no-answer"), "no_answer")
    assert.strictEqual(reason("outbound", "failed"), "carrier_failed")
    assert.strictEqual(reason("outbound", "canceled"), "canceled")
    assert.strictEqual(reason("outbound", "completed"), "callee_hung_up")
    assert.strictEqual(reason("inbound", "completed"), "caller_hung_up")
    assert.strictEqual(reason("inbound", "no-answer"), "caller_hung_up")
  })

  it("never change why a call ended, but add what it lasted and clear the pending hang-up", () => {
    const ours = ended(call({ status: "in-progress", answeredAt: at(1).now }), "agent_ended", at(9), true)
    assert.isDefined(ours.hangupDueAt)
    const after = reported(ours, report("completed", { durationMs: 8000 }), at(10))
    assert.deepInclude(after, { status: "completed", endReason: "agent_ended", endOwner: "agent", durationMs: 8000 })
    assert.isUndefined(after.hangupDueAt)
    assert.deepStrictEqual(after.endedAt, at(9).now)
  })

  it("with an unknown word change nothing but the carrier's id", () => {
    const before = call({ status: "ringing" })
    assert.deepStrictEqual(reported(before, report(undefined), at(1)), { ...before, providerCallId: "CA1" })
  })

  const histories: ReadonlyArray<ReadonlyArray<StatusReport>> = (
    ["completed", "busy", "no-answer", "failed", "canceled"] as const
  ).flatMap((last) => [
    [report("initiated"), report("ringing"), report(last, { durationMs: 3000 })],
    [
      report("initiated"),
      report("ringing"),
      report("in-progress", { answeredBy: "human" }),
      report(undefined),
      report(last, { durationMs: 3000, cost: { amount: "0.01", currency: "USD" } })
    ]
  ])

  /** Of a call that is still going on. */
  const unfinished = [report("initiated"), report("ringing"), report("in-progress", { answeredBy: "human" })]

  it("repeated and in any order end in the row that order gives", () => {
    const deliveries = fc.constantFrom(unfinished, ...histories).chain((history) =>
      fc.tuple(
        fc.constant(history),
        fc.constantFrom("inbound" as const, "outbound" as const),
        fc.array(fc.nat(history.length - 1), { maxLength: 6 }).chain((again) =>
          fc.shuffledSubarray([...history, ...again.flatMap((index) => history.slice(index, index + 1))], {
            minLength: history.length + again.length
          })
        )
      )
    )
    fc.assert(
      fc.property(deliveries, ([history, direction, delivered]) => {
        const run = (reports: ReadonlyArray<StatusReport>) =>
          reports.reduce((row, each, index) => reported(row, each, at(index)), call({ direction }))
        assert.deepStrictEqual(facts(run(delivered)), facts(run(history)))
      }),
      { numRuns: 500 }
    )
  })

  it("whatever comes after the end, nothing leaves a final status", () => {
    const anything = fc.array(
      fc.constantFrom<CallStatus>("initiated", "ringing", "in-progress", "completed", "busy", "failed", "canceled")
    )
    fc.assert(
      fc.property(anything, anything, (before, after) => {
        const first = before.reduce((row, status, index) => reported(row, report(status), at(index)), call())
        const over = ended(first, "operator_ended", at(100))
        const last = after.reduce((row, status) => reported(row, report(status), at(200)), first.endedAt ? first : over)
        assert.isTrue(isFinal(last.status))
        assert.strictEqual(last.endReason, (first.endedAt ? first : over).endReason)
        assert.strictEqual(last.status, (first.endedAt ? first : over).status)
        assert.strictEqual(last.endOwner, owners[last.endReason ?? "internal_error"])
      })
    )
  })
})

describe("the media", () => {
  it("moves forward only, and its audio proves the answer", () => {
    const streaming = mediaMoved(call({ status: "ringing" }), "streaming", at(3))
    assert.deepInclude(streaming, { status: "in-progress", mediaState: "streaming", answeredAt: at(3).now })
    assert.isUndefined(mediaMoved(call({ mediaState: "ended" }), "streaming", at(4)))
    assert.isUndefined(mediaMoved(call({ mediaState: "streaming" }), "connecting", at(4)))
  })

  it("gives every state a deadline", () => {
    const deadline = (row: CallRecord | undefined) =>
      row === undefined ? 0 : (DateTime.toEpochMillis(row.deadlineAt) - DateTime.toEpochMillis(start)) / 1000
    const answered = reported(call(), report("in-progress"), at(10))
    assert.strictEqual(deadline(answered), 70)
    assert.strictEqual(deadline(mediaMoved(answered, "streaming", at(12))), 12 + 3600 + 30)
    assert.strictEqual(deadline(mediaMoved(answered, "ended", at(20))), 80)
    assert.strictEqual(deadline(reported(call(), report("ringing"), at(5))), 95)
  })

  it("of an inbound call is due from its arrival on, whatever its carrier says meanwhile", () => {
    const arrived = call({ direction: "inbound", deadlineAt: DateTime.add(start, { seconds: 60 }) })
    const told = reported(reported(arrived, report("ringing"), at(30)), report("in-progress"), at(59))
    assert.strictEqual(told.status, "in-progress")
    assert.deepStrictEqual(told.deadlineAt, arrived.deadlineAt)
  })

  it("that broke at the carrier gives the reason, whichever of its two callbacks comes first", () => {
    const completed = report("completed", { durationMs: 1000 })
    for (const direction of ["inbound", "outbound"] as const)
      for (const [mediaState, reason] of [
        ["none", "media_never_started"],
        ["connecting", "media_never_started"],
        ["streaming", "media_lost"],
        ["ended", "media_lost"]
      ] as const) {
        for (const up of [
          call({ direction, mediaState, status: "in-progress", answeredAt: at(1).now }),
          call({ direction, mediaState })
        ]) {
          const errorFirst = reported(mediaBroke(up, false, at(5)), completed, at(5))
          assert.deepStrictEqual(facts(errorFirst), facts(mediaBroke(reported(up, completed, at(5)), false, at(5))))
        }
        const up = call({ direction, mediaState, status: "in-progress", answeredAt: at(1).now })
        const endFirst = mediaBroke(reported(up, completed, at(5)), false, at(5))
        assert.deepInclude(endFirst, { status: "completed", endReason: reason, endOwner: "carrier" })
        assert.isUndefined(endFirst.hangupDueAt)
        assert.deepStrictEqual(mediaBroke(endFirst, false, at(6)), endFirst)
      }
  })

  it("that broke at the carrier is told to it when it has not ended the call", () => {
    const broken = mediaBroke(call({ status: "in-progress", mediaState: "streaming" }), false, at(5))
    assert.deepInclude(broken, { endReason: "media_lost" })
    assert.isDefined(broken.hangupDueAt)
  })

  it("that broke changes no reason of ours, and none of a call whose media had ended well", () => {
    const ours = ended(call({ mediaState: "streaming" }), "agent_ended", at(3), true)
    assert.strictEqual(mediaBroke(ours, false, at(5)), ours)
    const hungUp = reported(call({ direction: "inbound", mediaState: "ended" }), report("completed"), at(4))
    assert.strictEqual(mediaBroke(hungUp, true, at(5)).endReason, "caller_hung_up")
  })
})
