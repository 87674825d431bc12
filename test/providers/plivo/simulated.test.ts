import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import type { CallReference, PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import { audio, house, ours, speech, theirs, within } from "./house.ts"

const colleague = "+14155550122"

const dialOf = (links: PlaceCall["links"]): PlaceCall => ({
  callId: "run-42",
  from: ours,
  to: theirs,
  links,
  mediaUrl: Effect.die("not asked for"),
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 60
})
const reference = (providerCallId: string | undefined): CallReference => ({
  callId: "run-42",
  providerCallId,
  from: ours,
  to: theirs,
  createdAtMs: 0,
  memory: {}
})
const eventually = <A, E>(effect: Effect.Effect<A, E>, until: (value: A) => boolean) =>
  Effect.repeat(effect, { until, schedule: Schedule.spaced("50 millis") })

describe("with a Plivo that was written from its documents alone", () => {
  it.live("a call that we place is answered, heard, reported, found, hung up, and paid for", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, links, reports, notes } = yield* house()
        yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, audio })
        const placed = yield* provider.placeCall(dialOf(links))
        const call = yield* carrier.nextOutbound
        assert.strictEqual(placed.providerCallId, call.id)
        const { heard } = yield* call.until((now) => now.heard.played.length >= speech.length)
        assert.include(Buffer.from(heard.played).toString("latin1"), Buffer.from(speech).toString("latin1"))
        assert.strictEqual((yield* provider.callStatus(reference(undefined)))?.providerCallId, call.id)
        assert.strictEqual((yield* provider.callStatus(reference(call.id)))?.status, "in-progress")
        yield* provider.sendDigits?.(reference(call.id), "12#") ?? Effect.die("no capability")
        yield* provider.hangUp(reference(call.id))
        assert.deepStrictEqual((yield* call.settled).errors, [])
        yield* provider.hangUp(reference(call.id))
        assert.deepStrictEqual(
          reports.map(({ status }) => status),
          ["ringing", "in-progress", "completed"]
        )
        assert.deepStrictEqual(notes, ["stream.StartStream", "stream.StopStream"])
        const last = yield* eventually(provider.callStatus(reference(call.id)), (report) => report !== undefined)
        assert.strictEqual(last?.status, "completed")
        const cost = provider.callCost?.(reference(call.id)) ?? Effect.die("no capability")
        yield* eventually(cost, (known) => known !== undefined)
      })
    )
  )

  it.live("a call is not answered, or its ringing is ended by us under an id of the request alone", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, links, reports } = yield* house({
          separateRequestIds: true,
          unansweredAsCompleted: true
        })
        yield* carrier.whenDialed(theirs, { outcome: "busy", afterMs: 20 })
        yield* provider.placeCall(dialOf(links))
        yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        assert.strictEqual(reports.at(-1)?.status, "busy")
        yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
        const placed = yield* provider.placeCall(dialOf(links))
        const call = yield* carrier.nextOutbound
        assert.notStrictEqual(placed.providerCallId, call.id)
        yield* call.until(({ state }) => state === "ringing")
        yield* provider.hangUp({ ...reference(placed.providerCallId), memory: placed.memory ?? {} })
        assert.deepStrictEqual((yield* call.settled).errors, [])
        assert.strictEqual(reports.at(-1)?.status, "canceled")
        assert.strictEqual(reports.at(-1)?.providerCallId, call.id)
      })
    )
  )

  for (const subaccount of [false, true]) {
    it.live(`a number of a ${subaccount ? "sub" : "main "}account is set up, takes a call, and is given back`, () =>
      within(
        Effect.gen(function* () {
          const options = { subaccount, onlyMainSignature: subaccount, rotatingToken: true }
          const { carrier, provider, change, inbound, reports } = yield* house(options)
          const configure = provider.configureInbound ?? assert.fail("no capability")
          assert.isTrue((yield* provider.testConnection).ok)
          assert.strictEqual(yield* provider.ownsNumber?.(ours) ?? Effect.void, "owned")
          assert.deepStrictEqual(yield* configure(change), { ok: true, message: "Calls to the number arrive here." })
          assert.strictEqual(yield* carrier.inboundWebhook(ours), change.webhookUrl)
          const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
          yield* call.until(({ heard }) => heard.played.length >= speech.length)
          yield* call.hangUp
          assert.deepStrictEqual((yield* call.settled).errors, [])
          assert.deepStrictEqual(
            inbound.map(({ providerCallId, from, to }) => ({ providerCallId, from, to: `+${to}` })),
            [{ providerCallId: call.id, from: theirs, to: ours }]
          )
          assert.deepStrictEqual(
            reports.map(({ providerCallId, status }) => [providerCallId, status]),
            [[call.id, "completed"]]
          )
          assert.isTrue((yield* configure({ ...change, webhookUrl: undefined })).ok)
          assert.isUndefined(yield* carrier.inboundWebhook(ours))
        })
      )
    )
  }

  it.live("a number on a trunk, or not on the account, is said to be so", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, change } = yield* house()
        const configure = provider.configureInbound ?? assert.fail("no capability")
        yield* carrier.ownNumber("+14155550177", { attachedElsewhere: true })
        assert.include((yield* configure({ ...change, address: "+14155550177" })).message, "trunk")
        assert.include((yield* configure({ ...change, address: "+14155550178" })).message, "not on this Plivo account")
      })
    )
  )

  it.live("a caller is transferred: both are together, and the stream's end is not the end of the call", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, links, legs, notes, reports, transfers } = yield* house()
        const strategy = provider.transfer ?? assert.fail("no capability")
        yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, audio })
        yield* carrier.whenDialed(colleague, { outcome: "answer", afterMs: 20 })
        const placed = yield* provider.placeCall(dialOf(links))
        const caller = yield* carrier.nextOutbound
        yield* caller.until(({ media }) => media === "streaming")
        const plan = {
          transferId: "t-1",
          call: reference(placed.providerCallId),
          destination: colleague,
          callerId: ours,
          ringTimeoutSeconds: 20,
          maxDurationSeconds: 60,
          announcement: "A caller & more.",
          room: "transfer-t-1",
          links,
          destinationCallId: undefined,
          destinationMemory: {}
        }
        transfers.push(plan)
        const dialled = yield* strategy.dial(plan)
        const destination = yield* carrier.nextOutbound
        yield* eventually(
          Effect.sync(() => legs.some(({ state }) => state === "answered")),
          (answered) => answered
        )
        const transfer = { ...plan, destinationCallId: dialled.providerCallId, destinationMemory: dialled.memory ?? {} }
        assert.strictEqual((yield* strategy.status(transfer))?.status, "in-progress")
        yield* strategy.join(transfer)
        const joined = yield* caller.until(({ togetherWith }) => togetherWith.includes(destination.id))
        assert.strictEqual(joined.state, "in-progress")
        yield* destination.until(({ togetherWith }) => togetherWith.includes(caller.id))
        // Joining again must not lose the destination.
        yield* strategy.join(transfer)
        yield* caller.until(({ answers }) => answers.filter((each) => each.includes("Conference")).length >= 2)
        yield* destination.until(({ togetherWith }) => togetherWith.includes(caller.id))
        assert.isFalse(reports.some(({ status }) => status === "completed"))
        assert.notInclude(notes.join(), "media failed")
        yield* strategy.drop(transfer)
        yield* destination.settled
        assert.deepStrictEqual(
          legs.map(({ state, failure }) => [state, failure]),
          [
            ["ringing", undefined],
            ["answered", undefined],
            ["ended", undefined]
          ]
        )
        // The room is closed behind the destination, so the caller is not left alone.
        assert.deepStrictEqual((yield* caller.settled).errors, [])
      })
    )
  )

  it.live("a destination that rings is dropped, one that is busy is reported so", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, links, legs, transfers } = yield* house()
        const strategy = provider.transfer ?? assert.fail("no capability")
        const plan = {
          transferId: "t-2",
          call: reference("unused-call-id"),
          destination: colleague,
          callerId: ours,
          ringTimeoutSeconds: 20,
          maxDurationSeconds: 60,
          announcement: undefined,
          room: "transfer-t-2",
          links,
          destinationCallId: undefined,
          destinationMemory: {}
        }
        transfers.push(plan)
        yield* carrier.whenDialed(colleague, { outcome: "no-answer" })
        const dialled = yield* strategy.dial(plan)
        const ringing = yield* carrier.nextOutbound
        yield* ringing.until(({ state }) => state === "ringing")
        yield* strategy.drop({ ...plan, destinationCallId: dialled.providerCallId })
        yield* ringing.settled
        assert.deepStrictEqual([legs.at(-1)?.state, legs.at(-1)?.failure], ["ended", "no_answer"])
        yield* carrier.whenDialed(colleague, { outcome: "busy", afterMs: 10 })
        yield* strategy.dial(plan)
        yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        assert.deepStrictEqual([legs.at(-1)?.state, legs.at(-1)?.failure], ["ended", "busy"])
        assert.strictEqual((yield* Effect.flip(strategy.join(plan))).kind, "not-found")
      })
    )
  )

  it.live("a forged signature gets nowhere", () =>
    within(
      Effect.gen(function* () {
        const { carrier, change, inbound, refused } = yield* house()
        const forged = { from: theirs, to: ours, webhook: change.webhookUrl }
        const call = yield* carrier.placeInbound({ ...forged, faults: ["signature-wrong"] })
        yield* call.settled
        assert.deepStrictEqual(inbound, [])
        const unproved = yield* carrier.placeInbound({ ...forged, faults: [["signature-wrong", { only: /upgrade/ }]] })
        yield* unproved.settled
        assert.strictEqual(inbound.length, 1)
        assert.isAtLeast(refused.length, 1)
      })
    )
  )
})
