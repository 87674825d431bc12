import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { FaultName, FaultOptions } from "../../src/simulator/Faults.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { App, callsOf, endOf, eventsOf, ours, setLimits, setUp, speech, theirs } from "../support/app.ts"
import { destination, dial } from "../support/dialing.ts"

const Count = Schema.Array(Schema.Struct({ count: Schema.Int }))

/** How much the database holds of calls. */
const stored = Effect.gen(function* () {
  const { context } = yield* App
  const sql = yield* Effect.provide(SqlClient.SqlClient, context)
  const rows = yield* sql`SELECT (SELECT count(*) FROM calls)::int + (SELECT count(*) FROM call_events)::int
    + (SELECT count(*) FROM media_tickets)::int AS count`
  return Schema.decodeUnknownSync(Count)(rows)[0]?.count
})

/** A call from dial to hang-up while the carrier's callbacks go wrong; its row, and the statuses of its log. */
const talkWith = Effect.fnUntraced(function* (fault: FaultName, to: string, options?: FaultOptions) {
  const app = yield* App
  yield* app.carrier.faults.use(fault, options)
  const { id, call } = yield* dial(to, { outcome: "answer", audio: speech })
  yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
  yield* call.hangUp
  yield* call.settled
  const end = yield* endOf(app, call.id)
  const statuses = Effect.map(eventsOf(app, id), (events) =>
    events.flatMap(({ kind, payload }) =>
      kind === "carrier.status" && "timestamp" in payload ? [payload["status"]] : []
    )
  )
  return { end, statuses }
}, Effect.scoped)

const wellEnded = { status: "completed", end_reason: "callee_hung_up", end_owner: "callee", media_state: "ended" }

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("callbacks", (it) => {
  it.effect("are ready", () => Effect.asVoid(Effect.flatMap(App, setUp)))

  it.effect("delivered twice count once", () =>
    Effect.gen(function* () {
      const { end, statuses } = yield* talkWith("callbacks-duplicated", destination(1))
      assert.deepInclude(end, wellEnded)
      assert.deepStrictEqual(yield* statuses, ["initiated", "ringing", "in-progress", "completed"])
    })
  )

  it.effect("that change places, or come long after the end, are kept and change nothing", () =>
    Effect.gen(function* () {
      const swapped = yield* talkWith("callbacks-reordered", destination(2))
      assert.deepInclude(swapped.end, wellEnded)
      const late = yield* talkWith("callbacks-late", destination(3), { only: /initiated|ringing/, delayMs: 1200 })
      assert.deepInclude(late.end, wellEnded)
      for (const { statuses } of [swapped, late])
        assert.sameMembers([...(yield* statuses)], ["initiated", "ringing", "in-progress", "completed"])
      const rows = yield* callsOf(yield* App)
      for (const { end } of [swapped, late])
        assert.deepInclude(
          rows.find(({ id }) => id === end.id),
          wellEnded
        )
    })
  )

  it.effect("that are all lost are made up for by the media's end: the carrier is asked", () =>
    Effect.gen(function* () {
      const { end, statuses } = yield* talkWith("callbacks-lost", destination(4))
      assert.deepInclude(end, wellEnded)
      assert.deepStrictEqual(yield* statuses, [])
    })
  )

  it.effect("that are all lost for a call without media are made up for by the sweeper", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* app.carrier.faults.use("callbacks-lost")
      const { id, call } = yield* dial(destination(5), { outcome: "busy" })
      yield* call.settled
      assert.deepInclude(
        (yield* callsOf(app)).find((row) => row.id === id),
        { status: "initiated" }
      )
      const sql = yield* Effect.provide(SqlClient.SqlClient, app.context)
      yield* sql`UPDATE calls SET deadline_at = clock_timestamp() WHERE id = ${id}`
      assert.deepInclude(yield* endOf(app, call.id), { status: "busy", end_reason: "busy", end_owner: "callee" })
    }).pipe(Effect.scoped)
  )

  for (const fault of ["signature-wrong", "signature-missing"] as const) {
    it.effect(`with ${fault} are refused with 403, and nothing of them is stored`, () =>
      Effect.gen(function* () {
        const app = yield* App
        const before = yield* stored
        const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech, faults: [fault] })
        const { answers, callbacks, state } = yield* call.settled
        assert.strictEqual(state, "busy")
        assert.deepStrictEqual(answers, [""])
        for (const { status } of callbacks) assert.strictEqual(status, 403)
        assert.strictEqual(yield* stored, before)

        yield* app.carrier.faults.use(fault, { only: /^status:/ })
        const { id, call: outgoing } = yield* dial(destination(6), { outcome: "busy" })
        const { callbacks: refused } = yield* outgoing.settled
        assert.deepStrictEqual(
          refused.map(({ status }) => status),
          [403, 403, 403]
        )
        assert.deepStrictEqual(
          (yield* eventsOf(app, id)).map(({ kind }) => kind),
          ["call.created", "dial.accepted"]
        )
        yield* app.request("POST", `/api/v1/telephony/calls/${id}/hangup`, {})
      }).pipe(Effect.scoped)
    )
  }

  it.effect("that announce a call twice at once make one call, with one slot and one agent", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* setLimits(app, { max_concurrent_calls: 1 })
      const call = yield* app.carrier.placeInbound({
        from: theirs,
        to: ours,
        audio: speech,
        faults: ["webhook-duplicated"]
      })
      const { answers, heard } = yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.strictEqual(answers.length, 2)
      for (const answer of answers) assert.match(answer, /<Connect><Stream /)
      assert.notStrictEqual(answers[0], answers[1])
      assert.include(Buffer.from(heard.played).toString("latin1"), Buffer.from(speech.bytes).toString("latin1"))
      const sessions = yield* Effect.provide(MediaSessions, app.context)
      assert.strictEqual(yield* sessions.live, 1)
      const rows = (yield* callsOf(app)).filter(({ provider_call_id }) => provider_call_id === call.id)
      assert.strictEqual(rows.length, 1)

      const next = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      assert.strictEqual((yield* next.settled).state, "busy")
      yield* call.hangUp
      assert.deepInclude(yield* endOf(app, call.id), { end_reason: "caller_hung_up" })
      const free = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      yield* free.until(({ media }) => media === "streaming")
      yield* free.hangUp
      yield* endOf(app, free.id)
    })
  )
})
