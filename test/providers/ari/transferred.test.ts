import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { SimulatedCall } from "../../../src/simulator/SimulatorModule.ts"
import { App, endOf, ours, speech, theirs } from "../../support/app.ts"
import { house, newest } from "./house.ts"

const destination = "+442071838751"

const View = Schema.Struct({ state: Schema.String, failure: Schema.NullOr(Schema.String) })
const readTransfers = Schema.decodeUnknownSync(Schema.Struct({ transfers: Schema.Array(View) }))

const { layer: withAsterisk, asterisk, ready, empty } = house()

/** A caller who talks with the agent, and the row of the call. */
const conversation = Effect.gen(function* () {
  const caller = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours, audio: speech })
  yield* caller.until((now) => now.heard.played.length >= speech.bytes.length)
  const row = yield* newest(
    ({ provider_call_id, status }) => provider_call_id === caller.id && status === "in-progress"
  )
  return { caller, row }
})

const transfer = Effect.fnUntraced(function* (callId: string, timeout = 30) {
  const app = yield* App
  const answer = yield* app.request("POST", `/api/v1/telephony/calls/${callId}/transfer`, {
    destination,
    timeout_s: timeout
  })
  assert.strictEqual(answer.status, 202, JSON.stringify(answer.body))
})

const transferUntil = Effect.fnUntraced(function* (callId: string, state: string) {
  const app = yield* App
  const latest = Effect.map(app.request("GET", `/api/v1/telephony/calls/${callId}/transfers`), ({ body }) => {
    const [first] = readTransfers(body).transfers
    return first
  })
  return yield* Effect.repeat(Effect.delay(latest, "50 millis"), { until: (each) => each?.state === state })
})

const stillTalks = Effect.fnUntraced(function* (caller: SimulatedCall) {
  const { heard } = yield* caller.now
  yield* caller.say(speech)
  yield* caller.until((now) => now.heard.played.length >= heard.played.length + speech.bytes.length)
})

layer(withAsterisk, { excludeTestServices: true })("transfers through the service, before an Asterisk", (it) => {
  it.effect("is ready", () => Effect.asVoid(ready))

  it.effect("join the caller with who answered; when the caller hangs up, so is the other", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* (yield* asterisk).whenDialed(destination, { outcome: "answer", afterMs: 100 })
      const { caller, row } = yield* conversation
      yield* transfer(row.id)
      const other = yield* (yield* asterisk).nextOutbound
      yield* transferUntil(row.id, "bridged")
      yield* caller.until(({ togetherWith }) => togetherWith.includes(other.id))
      yield* caller.hangUp
      yield* other.settled
      assert.deepInclude(yield* endOf(app, caller.id), { status: "completed" })
      yield* empty
    })
  )

  it.effect("join, and end the caller's call when the other hangs up", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* (yield* asterisk).whenDialed(destination, { outcome: "answer", afterMs: 100, hangUpAfterMs: 1500 })
      const { caller, row } = yield* conversation
      yield* transfer(row.id)
      yield* (yield* asterisk).nextOutbound
      yield* transferUntil(row.id, "bridged")
      yield* caller.settled
      yield* endOf(app, caller.id)
      yield* empty
    })
  )

  it.effect("that come to nothing leave the caller with the agent", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { caller, row } = yield* conversation
      yield* (yield* asterisk).whenDialed(destination, { outcome: "busy", afterMs: 50 })
      yield* transfer(row.id)
      yield* (yield* asterisk).nextOutbound
      assert.strictEqual((yield* transferUntil(row.id, "failed"))?.failure, "busy")
      yield* stillTalks(caller)
      yield* caller.hangUp
      yield* endOf(app, caller.id)
      yield* empty
    })
  )

  it.effect("are called off when the caller hangs up while the destination rings", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* (yield* asterisk).whenDialed(destination, { outcome: "no-answer", afterMs: 60_000 })
      const { caller, row } = yield* conversation
      yield* transfer(row.id)
      const other = yield* (yield* asterisk).nextOutbound
      yield* other.until(({ state }) => state === "ringing")
      yield* caller.hangUp
      yield* other.settled
      yield* endOf(app, caller.id)
      yield* empty
    })
  )
})
