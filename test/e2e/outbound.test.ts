import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, callsOf, endOf, eventsOf, setUp, speech } from "../support/app.ts"
import { create, destination, dial, dialsSent, place } from "../support/dialing.ts"

const Problem = Schema.Struct({
  code: Schema.String,
  detail: Schema.String,
  call_id: Schema.String,
  carrier_code: Schema.optionalKey(Schema.String)
})

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("a call that we place", (it) => {
  it.effect("is ready", () => Effect.asVoid(Effect.flatMap(App, setUp)))

  const outcomes = [
    [{ outcome: "busy" }, "busy", "busy", "callee", "486"],
    [{ outcome: "no-answer", afterMs: 30 }, "no-answer", "no_answer", "callee", "487"],
    [{ outcome: "failed", sipCode: 404 }, "failed", "carrier_failed", "carrier", "404"]
  ] as const
  for (const [index, [behaviour, status, reason, owner, sip]] of outcomes.entries()) {
    it.effect(`ends as ${reason} when it is ${status}, with the carrier's code in its log`, () =>
      Effect.gen(function* () {
        const app = yield* App
        const { id, call } = yield* dial(destination(index), behaviour)
        const end = yield* endOf(app, call.id)
        assert.deepInclude(end, { id, status, end_reason: reason, end_owner: owner, media_state: "none" })
        const [last] = (yield* eventsOf(app, id)).filter(({ kind }) => kind === "carrier.status").slice(-1)
        assert.strictEqual(last?.payload["failure_code"], sip)
        assert.deepStrictEqual((yield* call.settled).errors, [])
      })
    )
  }

  it.effect("is cancelled while it rings: at the carrier, and as the operator's doing", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { id, call } = yield* dial(destination(10), { outcome: "no-answer" })
      yield* call.until(({ state }) => state === "ringing")
      assert.strictEqual((yield* app.request("POST", `/api/v1/telephony/calls/${id}/hangup`, {})).status, 200)
      assert.strictEqual((yield* call.settled).state, "canceled")
      const end = yield* endOf(app, call.id)
      assert.deepInclude(end, { status: "canceled", end_reason: "operator_ended", end_owner: "operator" })
    })
  )

  it.effect("has the verdict of machine detection in its log, told while the call goes on", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { body } = yield* app.request("GET", "/api/v1/organizations/telephony-configs")
      const Configs = Schema.Struct({
        configurations: Schema.NonEmptyArray(Schema.Struct({ id: Schema.String, version: Schema.Int }))
      })
      const [{ id: configurationId, version }] = Schema.decodeUnknownSync(Configs)(body).configurations
      const changed = yield* app.request("PATCH", `/api/v1/organizations/telephony-configs/${configurationId}`, {
        version,
        config: { provider: app.provider, amd_enabled: true }
      })
      assert.strictEqual(changed.status, 200, JSON.stringify(changed.body))

      const { id, call } = yield* dial(destination(11), { outcome: "answer", answeredBy: "machine", audio: speech })
      yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "amd"))
      const verdict = yield* Effect.repeat(eventsOf(app, id), {
        until: (events) => events.some(({ payload }) => payload["status"] === "machine_start")
      })
      assert.deepInclude(verdict.find(({ payload }) => payload["status"] === "machine_start")?.payload, {
        answered_by: "machine",
        machine_detection_ms: "150"
      })
      const { heard } = yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(Buffer.from(heard.played).toString("latin1"), Buffer.from(speech.bytes).toString("latin1"))
      yield* call.hangUp
      assert.deepInclude(yield* endOf(app, call.id), { status: "completed", end_reason: "callee_hung_up" })
      assert.deepStrictEqual((yield* call.settled).errors, [])
    })
  )

  it.effect("is dialled again when the carrier was asked too fast, and goes on", () =>
    Effect.gen(function* () {
      const { carrier } = yield* App
      yield* carrier.faults.use("rest-throttled", { times: 1, only: create })
      const before = (yield* dialsSent).length
      const { call } = yield* dial(destination(12), { outcome: "answer", hangUpAfterMs: 30 })
      assert.deepStrictEqual(
        (yield* dialsSent).slice(before).map(({ status }) => status),
        [429, 201]
      )
      assert.deepInclude(yield* endOf(yield* App, call.id), { status: "completed", end_reason: "callee_hung_up" })
    }).pipe(Effect.scoped)
  )

  it.effect("ends at once when the carrier is broken, and tells whoever asked for it", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* app.carrier.faults.use("rest-broken", { times: 1, only: create })
      const before = (yield* dialsSent).length
      const refused = yield* place(destination(13))
      assert.strictEqual(refused.status, 502)
      const problem = Schema.decodeUnknownSync(Problem)(refused.body)
      assert.strictEqual(problem.code, "carrier_unavailable")
      assert.strictEqual(problem.carrier_code, "20500")
      assert.strictEqual((yield* dialsSent).length, before + 1)
      const row = (yield* callsOf(app)).find(({ id }) => id === problem.call_id)
      assert.deepInclude(row, { status: "failed", end_reason: "carrier_failed", end_owner: "carrier" })
    }).pipe(Effect.scoped)
  )
})
