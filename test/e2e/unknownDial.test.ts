import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, callsOf, callsUntil, CallView, endOf, eventsOf, setUp, speech } from "../support/app.ts"
import { create, destination, dial, dialsSent, place } from "../support/dialing.ts"

const readCall = Schema.decodeUnknownSync(CallView)

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("a dial whose answer never comes", (it) => {
  it.effect("is ready", () => Effect.asVoid(Effect.flatMap(App, setUp)))

  it.effect("and that reached the carrier is not dialled again: the call goes on, and ends as it ends", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* app.carrier.faults.use("rest-silent", { times: 1, only: create })
      const to = destination(1)
      yield* app.carrier.whenDialed(to, { outcome: "answer", audio: speech })
      const asking = yield* Effect.forkChild(place(to))
      const call = yield* app.carrier.nextOutbound
      const { heard } = yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(Buffer.from(heard.played).toString("latin1"), Buffer.from(speech.bytes).toString("latin1"))
      yield* call.hangUp
      const end = yield* endOf(app, call.id)
      assert.deepInclude(end, { status: "completed", end_reason: "callee_hung_up" })

      // A second dial to the same number that never reached the carrier, while a later one is up there.
      yield* app.carrier.faults.use("rest-dead", { times: 1, only: create })
      const lost = yield* Effect.forkChild(place(to))
      yield* Effect.repeat(dialsSent, { until: (sent) => sent.length === 2 })
      const other = yield* dial(to, { outcome: "answer" })
      yield* other.call.until(({ media }) => media === "streaming")

      const answer = yield* Fiber.join(asking)
      assert.strictEqual(answer.status, 201)
      assert.deepInclude(readCall(answer.body), { id: end.id, provider_call_id: call.id })
      const unknown = readCall((yield* Fiber.join(lost)).body)
      assert.deepInclude(unknown, { status: "initiated", provider_call_id: null })
      const sql = yield* Effect.provide(SqlClient.SqlClient, app.context)
      yield* sql`UPDATE calls SET deadline_at = clock_timestamp() WHERE id = ${unknown.id}`
      yield* callsUntil(app, (calls) => calls.some(({ id, end_reason }) => id === unknown.id && end_reason !== null))
      const rows = yield* callsOf(app)
      assert.deepInclude(
        rows.find(({ id }) => id === unknown.id),
        { status: "failed", end_reason: "dial_unknown" }
      )
      assert.deepInclude(
        rows.find(({ id }) => id === other.id),
        { provider_call_id: other.call.id, end_reason: null }
      )
      assert.include(
        (yield* eventsOf(app, unknown.id)).map(({ kind }) => kind),
        "dial.unknown"
      )
      yield* other.call.hangUp
      yield* endOf(app, other.call.id)
      assert.strictEqual((yield* dialsSent).length, 3)
    }).pipe(Effect.scoped)
  )
})
