import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, callsUntil, endOf, ours, setUp, speech, theirs } from "../support/app.ts"

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")
const allEnded = (calls: ReadonlyArray<{ readonly end_reason: string | null }>) =>
  calls.length > 0 && calls.every(({ end_reason }) => end_reason !== null)

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("a call end to end", (it) => {
  it.effect("comes in and goes out, is answered by the echo agent sample-exact, and ends with one reason", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { agentId } = yield* setUp(app)
      assert.strictEqual(yield* app.carrier.inboundWebhook(ours), `${app.url}/api/v1/telephony/inbound/${app.provider}`)

      const incoming = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      const echoed = yield* incoming.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(text(echoed.heard.played), text(speech.bytes))
      yield* incoming.hangUp
      assert.deepStrictEqual((yield* incoming.settled).errors, [])
      const [inbound] = yield* callsUntil(app, allEnded)
      assert.deepInclude(inbound, {
        direction: "inbound",
        mode: app.provider,
        status: "completed",
        media_state: "ended",
        end_reason: "caller_hung_up",
        end_owner: "caller",
        provider_call_id: incoming.id
      })

      yield* app.carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, audio: speech })
      const placed = yield* app.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId })
      assert.strictEqual(placed.status, 201, JSON.stringify(placed.body))
      const outgoing = yield* app.carrier.nextOutbound
      const answered = yield* outgoing.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(text(answered.heard.played), text(speech.bytes))
      const [live] = yield* callsUntil(app, (calls) => calls.some(({ status }) => status === "in-progress"))
      yield* app.request("POST", `/api/v1/telephony/calls/${live?.id}/hangup`, {})
      const end = yield* outgoing.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.errors, [])
      const [outbound] = yield* callsUntil(app, allEnded)
      assert.deepInclude(outbound, {
        direction: "outbound",
        status: "completed",
        media_state: "ended",
        end_reason: "operator_ended",
        end_owner: "operator",
        provider_call_id: outgoing.id
      })
    })
  )

  for (const from of ["anonymous", "client:alice", "sip:alice@voip.example.com", "+266696687"])
    it.effect(`comes in from ${from} as well, and keeps that as it is`, () =>
      Effect.gen(function* () {
        const app = yield* App
        const call = yield* app.carrier.placeInbound({ from, to: ours, audio: speech })
        yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* call.hangUp
        assert.deepInclude(yield* endOf(app, call.id), { from, end_reason: "caller_hung_up" })
      })
    )

  it.effect("gets its price later, as a positive amount, when the carrier has rated it", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      yield* call.until(({ media }) => media === "streaming")
      yield* call.hangUp
      const end = yield* endOf(app, call.id)
      assert.isNull(end.cost)
      const sql = yield* Effect.provide(SqlClient.SqlClient, app.context)
      yield* sql`UPDATE calls SET ended_at = ended_at - interval '10 seconds' WHERE id = ${end.id}`
      const [priced] = yield* callsUntil(app, (calls) => calls.some(({ id, cost }) => id === end.id && cost !== null))
      assert.deepInclude(priced, { id: end.id, cost: { amount: "0.00850", currency: "USD" } })
    })
  )
})
