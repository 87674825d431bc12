import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { DialBehaviour, SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import type { Tests } from "./suite.ts"
import { echoing, endedRow, isOver, newDestination, rowOf, withAgent, World } from "./world.ts"

const Transfer = Schema.Struct({
  id: Schema.String,
  state: Schema.String,
  failure: Schema.NullOr(Schema.String),
  destination: Schema.String
})
const Transfers = Schema.Struct({ transfers: Schema.Array(Transfer) })

const request = Effect.fnUntraced(function* (callId: string, body: Readonly<Record<string, unknown>>) {
  const world = yield* World
  const answer = yield* world.request("POST", `/api/v1/telephony/calls/${callId}/transfer`, body)
  assert.strictEqual(answer.status, 202, JSON.stringify(answer.body))
  return Schema.decodeUnknownSync(Transfer)(answer.body)
})

/** The call's transfer, as soon as it is as wanted. */
const transferUntil = Effect.fnUntraced(function* (callId: string, states: ReadonlyArray<string>) {
  const world = yield* World
  const read = Effect.map(
    world.request("GET", `/api/v1/telephony/calls/${callId}/transfers`),
    ({ body }) => Schema.decodeUnknownSync(Transfers)(body).transfers[0]
  )
  const found = yield* Effect.repeat(Effect.delay(read, "30 millis"), {
    until: (transfer) => transfer !== undefined && states.includes(transfer.state)
  })
  return found ?? assert.fail("there is no transfer")
})

/** A caller with the echo, and a transfer to somebody who behaves so. */
const begun = Effect.fnUntraced(function* (behaviour: DialBehaviour, body: Readonly<Record<string, unknown>> = {}) {
  const { carrier } = yield* World
  const caller = yield* echoing()
  const { id } = yield* rowOf(
    caller.id,
    ({ media_state, status }) => status === "in-progress" && media_state === "streaming"
  )
  const destination = yield* newDestination
  yield* carrier.whenDialed(destination, behaviour)
  yield* request(id, { destination, ...body })
  const leg = yield* carrier.nextOutbound
  return { caller, id, leg }
})

const together = (one: SimulatedCall, other: SimulatedCall) =>
  one.until(({ togetherWith }) => togetherWith.includes(other.id))

/** The caller is still with the agent: what it says comes back. */
const stillEchoed = Effect.fnUntraced(function* (caller: SimulatedCall) {
  const before = yield* caller.now
  assert.strictEqual(before.media, "streaming")
  const word = { format: { encoding: "mulaw", sampleRate: 8000 } as const, bytes: new Uint8Array(1600).fill(0x2a) }
  yield* caller.say(word)
  yield* caller.until(({ heard }) => heard.played.length > before.heard.played.length)
  yield* caller.hangUp
  assert.deepInclude(yield* endedRow(caller.id), { end_reason: "caller_hung_up" })
})

/** What is said where the carrier cannot move a caller. */
const refusedTransferTests = (it: Parameters<Tests>[0]) => {
  it.effect("transfers nobody, and says that this carrier cannot", () =>
    Effect.gen(function* () {
      const { request: ask } = yield* World
      const caller = yield* echoing()
      const { id } = yield* rowOf(
        caller.id,
        ({ media_state, status }) => status === "in-progress" && media_state === "streaming"
      )
      const refused = yield* ask("POST", `/api/v1/telephony/calls/${id}/transfer`, { destination: "+442071838123" })
      assert.strictEqual(refused.status, 409)
      assert.include(JSON.stringify(refused.body), "transfer_not_supported")
      yield* stillEchoed(caller)
    })
  )
}

/** Transfers: how they succeed, every way in which they fail, and that nobody is left alone in a room. */
export const transferTests: Tests = (it, can) => {
  if (!can.transfers) return refusedTransferTests(it)

  it.effect("joins the caller with a destination that answers; when that leaves, the caller is hung up", () =>
    Effect.gen(function* () {
      const { caller, id, leg } = yield* begun({ outcome: "answer", afterMs: 100 })
      yield* together(caller, leg)
      yield* together(leg, caller)
      assert.deepInclude(yield* transferUntil(id, ["bridged", "failed", "canceled"]), {
        state: "bridged",
        failure: null
      })
      yield* leg.hangUp
      yield* caller.until(isOver)
      assert.deepInclude(yield* endedRow(caller.id), {
        status: "completed",
        end_reason: "transferred",
        end_owner: "agent"
      })
    })
  )

  it.effect("hangs the destination up when the caller leaves", () =>
    Effect.gen(function* () {
      const { caller, leg } = yield* begun({ outcome: "answer", afterMs: 100 })
      yield* together(caller, leg)
      yield* caller.hangUp
      yield* leg.until(isOver)
      assert.deepInclude(yield* endedRow(caller.id), { status: "completed", end_reason: "transferred" })
    })
  )

  it.effect("speaks to the destination before it is joined, or says that this carrier cannot", () =>
    Effect.gen(function* () {
      const { account, request: ask } = yield* World
      const announcement = "A caller with a question"
      if (account.transfer?.announces === true) {
        const { caller, leg } = yield* begun({ outcome: "answer", afterMs: 100 }, { announcement })
        yield* together(caller, leg)
        assert.include(JSON.stringify((yield* leg.now).notes), announcement)
        yield* caller.hangUp
        yield* leg.until(isOver)
        yield* endedRow(caller.id)
        return
      }
      const caller = yield* echoing()
      const { id } = yield* rowOf(caller.id, ({ media_state }) => media_state === "streaming")
      const body = { destination: "+442071838123", announcement }
      const refused = yield* ask("POST", `/api/v1/telephony/calls/${id}/transfer`, body)
      assert.strictEqual(refused.status, 409)
      assert.include(JSON.stringify(refused.body), "announcement_not_supported")
      yield* caller.hangUp
      yield* endedRow(caller.id)
    })
  )

  const failures: ReadonlyArray<readonly [string, DialBehaviour, ReadonlyArray<string>]> = [
    ["busy", { outcome: "busy", afterMs: 100 }, ["busy"]],
    ["does not answer", { outcome: "no-answer", afterMs: 200 }, ["no_answer"]],
    [
      "rejects the call",
      { outcome: "failed", afterMs: 100, sipCode: 603 },
      ["rejected", "unreachable", "busy", "no_answer"]
    ]
  ]
  for (const [name, behaviour, expected] of failures)
    it.effect(`leaves the caller with the agent when the destination ${name === "busy" ? "is busy" : name}`, () =>
      Effect.gen(function* () {
        const { caller, id } = yield* begun(behaviour)
        const transfer = yield* transferUntil(id, ["bridged", "failed", "canceled"])
        assert.strictEqual(transfer.state, "failed")
        assert.include(expected, transfer.failure)
        yield* stillEchoed(caller)
      })
    )

  it.effect("gives up on a destination that rings for too long, and ends its ringing", () =>
    Effect.gen(function* () {
      const { caller, id, leg } = yield* begun({ outcome: "no-answer", afterMs: 60_000 }, { timeout_s: 5 })
      const transfer = yield* transferUntil(id, ["bridged", "failed", "canceled"])
      assert.strictEqual(transfer.state, "failed")
      assert.include(["timeout", "no_answer"], transfer.failure)
      yield* leg.until(isOver)
      yield* stillEchoed(caller)
    })
  )

  it.effect("ends the destination's ringing when the caller hangs up", () =>
    Effect.gen(function* () {
      const { caller, id, leg } = yield* begun({ outcome: "no-answer", afterMs: 60_000 })
      yield* leg.until(({ state }) => state === "ringing")
      yield* caller.hangUp
      yield* leg.until(isOver)
      assert.deepInclude(yield* transferUntil(id, ["bridged", "failed", "canceled"]), {
        state: "canceled",
        failure: "caller_gone"
      })
    })
  )

  it.effect("gives the caller back to the agent when the two cannot be joined", () =>
    Effect.gen(function* () {
      const { carrier } = yield* World
      const { caller, id, leg } = yield* begun({ outcome: "answer", afterMs: 500 })
      yield* leg.until(({ state }) => state === "ringing")
      yield* carrier.faults.use("rest-broken")
      const transfer = yield* transferUntil(id, ["bridged", "failed", "canceled"])
      assert.deepInclude(transfer, { state: "failed", failure: "bridge_failed" })
      yield* carrier.faults.off("rest-broken")
      yield* leg.until(isOver)
      yield* stillEchoed(caller)
    }).pipe(Effect.scoped)
  )

  it.effect("takes callbacks that come before the carrier has answered our own request", () =>
    Effect.gen(function* () {
      const { carrier } = yield* World
      yield* carrier.faults.use("rest-slow", { delayMs: 900, times: 1 })
      const { caller, id, leg } = yield* begun({ outcome: "answer", afterMs: 30 })
      yield* together(caller, leg)
      assert.strictEqual((yield* transferUntil(id, ["bridged", "failed", "canceled"])).state, "bridged")
      yield* caller.hangUp
      yield* leg.until(isOver)
    }).pipe(Effect.scoped)
  )

  it.effect("counts each callback once that comes twice", () =>
    Effect.gen(function* () {
      const { carrier } = yield* World
      yield* carrier.faults.use("callbacks-duplicated")
      const { caller, id, leg } = yield* begun({ outcome: "answer", afterMs: 100 })
      yield* together(caller, leg)
      assert.strictEqual((yield* transferUntil(id, ["bridged", "failed", "canceled"])).state, "bridged")
      yield* leg.hangUp
      yield* caller.until(isOver)
      assert.deepInclude(yield* endedRow(caller.id), { end_reason: "transferred" })
    }).pipe(Effect.scoped)
  )

  it.effect("is asked for by the agent, who hears how it goes on", () =>
    Effect.gen(function* () {
      const { carrier } = yield* World
      const { call, visit } = yield* withAgent({ encoding: "mulaw", sample_rate: 8000 })
      yield* rowOf(call.id, ({ media_state, status }) => status === "in-progress" && media_state === "streaming")
      const destination = yield* newDestination
      yield* carrier.whenDialed(destination, { outcome: "answer", afterMs: 100 })
      yield* visit.say({ type: "transfer", destination })
      const leg = yield* carrier.nextOutbound
      assert.strictEqual((yield* visit.nextOf("transfer.state")).state, "dialing")
      yield* together(call, leg)
      const end = yield* visit.nextOf("call.end")
      assert.deepInclude(end, { reason: "transferred", owner: "agent" })
      yield* leg.hangUp
      yield* call.until(isOver)
      assert.deepInclude(yield* endedRow(call.id), { end_reason: "transferred" })
    })
  )
}
