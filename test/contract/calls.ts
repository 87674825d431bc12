import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { judgeEcho } from "../../src/simulator/verdict.ts"
import { eventsOf, ours, speech, theirs } from "../support/app.ts"
import type { PlaceCall } from "../../src/carrier/TelephonyProvider.ts"
import type { Capabilities, Tests } from "./suite.ts"
import { deadNumber, dialled, echoing, endedRow, isOver, newDestination, rowOf, withAgent, World } from "./world.ts"

type It = Parameters<Tests>[0]

/** Calls that we place, and every outcome. */
const outboundTests = (it: It) => {
  it.effect("carries a call that we place, and knows who hung up", () =>
    Effect.gen(function* () {
      const { carrier } = yield* World
      const to = yield* newDestination
      yield* carrier.whenDialed(to, { outcome: "answer", audio: speech })
      const { id, call } = yield* dialled(to)
      yield* call.until((now) => judgeEcho(now).outcome !== "different")
      yield* call.hangUp
      const row = yield* endedRow(call.id)
      assert.deepInclude(row, { id, to, direction: "outbound", status: "completed", end_reason: "callee_hung_up" })
      assert.deepStrictEqual((yield* call.settled).errors, [])
    })
  )

  const outcomes = [
    ["busy", { outcome: "busy" }, "busy", "busy"],
    ["not answered", { outcome: "no-answer", afterMs: 150 }, "no-answer", "no_answer"],
    ["impossible", { outcome: "failed", sipCode: 404 }, "failed", "carrier_failed"]
  ] as const
  for (const [name, behaviour, status, reason] of outcomes)
    it.effect(`tells that a call is ${name}`, () =>
      Effect.gen(function* () {
        const { carrier, spec } = yield* World
        const to = yield* newDestination
        yield* carrier.whenDialed(to, behaviour)
        const { call } = yield* dialled(to)
        const row = yield* endedRow(call.id)
        assert.deepInclude(row, { status, end_reason: reason })
        // Some carriers connect the media while the phone still rings.
        if (spec.mediaBeforeAnswer !== true) assert.strictEqual(row.media_state, "none")
        yield* call.settled
      })
    )

  it.effect("cancels a call that still rings, at the carrier too", () =>
    Effect.gen(function* () {
      const { carrier, request } = yield* World
      const to = yield* newDestination
      yield* carrier.whenDialed(to, { outcome: "no-answer", afterMs: 60_000 })
      const { id, call } = yield* dialled(to)
      yield* call.until(({ state }) => state === "ringing")
      assert.strictEqual((yield* request("POST", `/api/v1/telephony/calls/${id}/hangup`, {})).status, 200)
      yield* call.until(isOver)
      assert.deepInclude(yield* endedRow(call.id), { end_reason: "operator_ended", end_owner: "operator" })
    })
  )
}

/** What is said to whoever wants to place a call over a carrier that only takes them. */
const refusedDialTests = (it: It) => {
  it.effect("places no call, and says so, whether it was asked for or would be the default", () =>
    Effect.gen(function* () {
      const { account, agentId, carrier, configurationId, request, spec } = yield* World
      const to = yield* newDestination
      for (const telephony_configuration_id of [configurationId, undefined]) {
        const body = { to, agent_id: agentId, telephony_configuration_id }
        const refused = yield* request("POST", "/api/v1/telephony/calls", body)
        assert.strictEqual(refused.status, 409, JSON.stringify(refused.body))
        assert.include(JSON.stringify(refused.body), "configuration_not_ready")
        assert.include(JSON.stringify(refused.body), `${spec.uiMetadata.displayName} only takes calls.`)
      }
      assert.deepStrictEqual(yield* carrier.restExchanges, [])
      const dial: PlaceCall = {
        callId: "01900000-0000-7000-8000-000000000001",
        from: ours,
        to,
        links: { answer: "", route: () => "" },
        mediaUrl: Effect.succeed(""),
        ringTimeoutSeconds: 30,
        maxDurationSeconds: 60
      }
      assert.strictEqual((yield* Effect.flip(account.placeCall(dial))).kind, "rejected")
    })
  )
}

/** Calls both ways, every outcome, and everybody who may end one. */
export const callTests = (it: It, can: Capabilities) => {
  it.effect("carries an inbound call to the echo, sample for sample, until the caller hangs up", () =>
    Effect.gen(function* () {
      const { carrier, ends } = yield* World
      const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      const heard = yield* call.until((now) => judgeEcho(now).outcome !== "different")
      assert.isAtLeast(heard.said.length, 1)
      yield* call.hangUp
      const row = yield* endedRow(call.id)
      assert.deepInclude(row, {
        direction: "inbound",
        ...ends,
        status: "completed",
        end_reason: "caller_hung_up",
        end_owner: "caller",
        media_state: "ended"
      })
      assert.deepStrictEqual((yield* call.settled).errors, [])
    })
  )

  if (can.dials) outboundTests(it)
  else refusedDialTests(it)

  it.effect("ends a call that the operator hangs up, and takes a second time for done", () =>
    Effect.gen(function* () {
      const { request } = yield* World
      const call = yield* echoing()
      const { id } = yield* rowOf(call.id)
      const hangUp = request("POST", `/api/v1/telephony/calls/${id}/hangup`, {})
      assert.strictEqual((yield* hangUp).status, 200)
      yield* call.until(isOver)
      assert.strictEqual((yield* hangUp).status, 200)
      assert.deepInclude(yield* endedRow(call.id), { status: "completed", end_reason: "operator_ended" })
    })
  )

  it.effect("ends a call that the agent hangs up, after what it said", () =>
    Effect.gen(function* () {
      const { call, visit } = yield* withAgent({ encoding: "mulaw", sample_rate: 8000 })
      yield* visit.speak(new Uint8Array(1600).fill(0x21))
      yield* visit.say({ type: "hangup" })
      const over = yield* call.until(isOver)
      assert.isAtLeast(over.heard.played.length, 1)
      assert.deepInclude(yield* endedRow(call.id), { end_reason: "agent_ended", end_owner: "agent" })
    })
  )

  it.effect("sends digits into a call, or says that this carrier cannot", () =>
    Effect.gen(function* () {
      const { account, carrier, request } = yield* World
      const call = yield* echoing()
      const { id } = yield* rowOf(call.id, ({ status }) => status === "in-progress")
      const sent = yield* request("POST", `/api/v1/telephony/calls/${id}/digits`, { digits: "4711#" })
      if (account.sendDigits === undefined) {
        assert.strictEqual(sent.status, 409)
        assert.include(JSON.stringify(sent.body), "digits_not_supported")
      } else {
        assert.strictEqual(sent.status, 204, JSON.stringify(sent.body))
        const { mediaMessages, notes } = yield* call.now
        const streamed = mediaMessages.flatMap(({ detail, kind }) => (kind === "digits" ? [detail] : []))
        assert.match(JSON.stringify([yield* carrier.restExchanges, notes, streamed.join("")]), /4711(#|%23)/)
      }
      yield* call.hangUp
      yield* endedRow(call.id)
    })
  )

  it.effect("refuses a call to a number that nobody answers, in the carrier's own way", () =>
    Effect.gen(function* () {
      const { carrier, request } = yield* World
      // A number without an agent has no webhook of ours; a customer may send its calls to us all the same.
      const webhook = yield* carrier.inboundWebhook(ours)
      const call = yield* carrier.placeInbound({
        from: theirs,
        to: deadNumber,
        ...(webhook === undefined ? {} : { webhook })
      })
      const over = yield* call.until(isOver)
      assert.strictEqual(over.media, "none")
      assert.deepStrictEqual(over.errors, [])
      const { body } = yield* request("GET", "/api/v1/telephony/calls?limit=200")
      assert.notInclude(JSON.stringify(body), JSON.stringify(call.id))
    })
  )

  it.effect("keeps a log of the call that begins with its creation and ends with its end", () =>
    Effect.gen(function* () {
      const world = yield* World
      const call = yield* echoing()
      yield* call.hangUp
      const { id } = yield* endedRow(call.id)
      const kinds = (yield* eventsOf(world, id)).map(({ kind }) => kind)
      assert.strictEqual(kinds[0], "call.created")
      assert.include(kinds, "media.streaming")
      assert.include(kinds, "call.ended")
    })
  )
}
