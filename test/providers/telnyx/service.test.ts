import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../../src/providers/telnyx/simulator.ts"
import { App, callsOf, callsUntil, endOf, eventsOf, ours, setUp, speech, theirs } from "../../support/app.ts"

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")

/** The echo agent's number, set up once, and a call placed to `to` by the API. */
const dial = Effect.fnUntraced(function* (to: string, agentId: string) {
  const app = yield* App
  return yield* app.request("POST", "/api/v1/telephony/calls", { to, agent_id: agentId })
})

layer(App.layer(simulator, "telnyx"), { excludeTestServices: true })("the service before a fake Telnyx", (it) => {
  let agentId = ""

  it.effect("answers a call by a request of its own, and says why it ended", () =>
    Effect.gen(function* () {
      const app = yield* App
      agentId = (yield* setUp(app)).agentId
      assert.match((yield* app.carrier.inboundWebhook(ours)) ?? "", /\/api\/v1\/telephony\/inbound\/telnyx\/.+\..+$/)
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech })
      const heard = yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(text(heard.heard.played), text(speech.bytes))
      yield* call.hangUp
      assert.deepStrictEqual((yield* call.settled).errors, [])
      assert.deepInclude(yield* endOf(app, call.id), {
        direction: "inbound",
        status: "completed",
        end_reason: "caller_hung_up",
        media_state: "ended"
      })
      const paid = (yield* callsOf(app)).find(({ provider_call_id }) => provider_call_id === call.id)
      assert.strictEqual(paid?.cost?.currency, "USD")
    })
  )

  it.effect("places a call whose media opens before the answer, and hangs it up", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* app.carrier.whenDialed(theirs, { outcome: "answer", afterMs: 500, audio: speech })
      const placed = yield* dial(theirs, agentId)
      assert.strictEqual(placed.status, 201, JSON.stringify(placed.body))
      const call = yield* app.carrier.nextOutbound
      const heard = yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(text(heard.heard.played), text(speech.bytes))
      const [live] = yield* callsUntil(app, (calls) => calls.some(({ status }) => status === "in-progress"))
      yield* app.request("POST", `/api/v1/telephony/calls/${live?.id}/hangup`, {})
      assert.deepStrictEqual((yield* call.settled).errors, [])
      assert.deepInclude(yield* endOf(app, call.id), { status: "completed", end_reason: "operator_ended" })
    })
  )

  for (const [to, behaviour, status, reason, code] of [
    ["+442071838760", { outcome: "busy", afterMs: 100 }, "busy", "busy", "486"],
    ["+442071838761", { outcome: "no-answer", afterMs: 100 }, "no-answer", "no_answer", "480"],
    ["+442071838762", { outcome: "failed", afterMs: 100, sipCode: 404 }, "failed", "carrier_failed", "404"]
  ] as const) {
    it.effect(`tells that a call was ${status}, though its media socket had been open`, () =>
      Effect.gen(function* () {
        const app = yield* App
        yield* app.carrier.whenDialed(to, behaviour)
        assert.strictEqual((yield* dial(to, agentId)).status, 201)
        const call = yield* app.carrier.nextOutbound
        const end = yield* endOf(app, call.id)
        assert.deepInclude(end, { status, end_reason: reason })
        const [last] = (yield* eventsOf(app, end.id)).filter(({ kind }) => kind === "carrier.status").slice(-1)
        assert.strictEqual(last?.payload["failure_code"], code)
        assert.deepStrictEqual((yield* call.settled).errors, [])
      })
    )
  }

  it.effect("finds a call whose dial was never answered, and ends it while it rings", () =>
    Effect.gen(function* () {
      const app = yield* App
      const to = "+442071838763"
      yield* app.carrier.whenDialed(to, { outcome: "no-answer" })
      yield* app.carrier.faults.use("rest-silent", { times: 1, only: /^POST \/(v2\/)?calls$/ })
      yield* app.carrier.faults.use("callbacks-lost", { only: /^status:/ })
      const placed = yield* dial(to, agentId)
      assert.strictEqual(placed.status, 201, JSON.stringify(placed.body))
      const call = yield* app.carrier.nextOutbound
      yield* callsUntil(app, (calls) => calls.some(({ provider_call_id }) => provider_call_id === call.id))
      const found = (yield* callsOf(app)).find(({ provider_call_id }) => provider_call_id === call.id)
      yield* app.request("POST", `/api/v1/telephony/calls/${found?.id}/hangup`, {})
      yield* call.settled
      assert.deepInclude(yield* endOf(app, call.id), { end_reason: "operator_ended" })
    }).pipe(Effect.scoped)
  )

  it.effect("turns a call away that nobody is to take, unanswered", () =>
    Effect.gen(function* () {
      const app = yield* App
      const webhook = yield* app.carrier.inboundWebhook(ours)
      const call = yield* app.carrier.placeInbound({ from: theirs, to: "+14155550199", webhook: webhook ?? "" })
      const end = yield* call.settled
      assert.strictEqual(end.media, "none")
      assert.deepStrictEqual(end.errors, [])
    })
  )
})
