import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, credential, eventually, gateway, storyOf, type Gateway, type Received } from "./gateway.ts"

const place = (ours: Gateway) => ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })

describe("the events socket", () => {
  it.effect("is refused with the status of what is wrong", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      const wrong = yield* ours.connect({ auth: "gateway:wrong" })
      assert.deepStrictEqual([wrong.status, wrong.body], [401, '{"message":"Authentication required"}'])
      const nameless = yield* ours.connect({ query: "subscribeAll=true" })
      assert.deepStrictEqual(
        [nameless.status, nameless.body],
        [400, '{"message":"HTTP request is missing param: [app]"}']
      )
      assert.strictEqual((yield* ours.connect({ protocols: ["dance"] })).status, 400)
      yield* ours.asterisk.faults.use("events-refused", { status: 403, times: 1 })
      assert.strictEqual((yield* ours.connect()).status, 403)
      const spoken = yield* ours.connect({ protocols: ["ari"] })
      assert.deepStrictEqual([spoken.status, spoken.socket.protocol, spoken.socket.extensions], [101, "ari", ""])
      const user = `${credential(ours.asterisk, "app_name")}:${credential(ours.asterisk, "app_password")}`
      const key = `app=one,two&api_key=${encodeURIComponent(user)}`
      assert.strictEqual((yield* ours.connect({ query: key, auth: "" })).status, 101)
      assert.deepStrictEqual((yield* ours.asterisk.state).applications, [ours.application, "one", "two"])
    }).pipe(Effect.scoped)
  )

  it.effect("is replaced without being closed, and then hears nothing", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      const first: Array<Received> = []
      const old = yield* ours.connect({ into: first })
      yield* ours.connect()
      yield* eventually(() => first[0])
      assert.deepInclude(first[0], { type: "ApplicationReplaced", application: ours.application })
      const call = yield* place(ours)
      yield* ours.event("StasisStart", call.id)
      assert.lengthOf(first, 1)
      assert.isUndefined(old.closed)
      // The old socket's end does not silence the new one.
      old.socket.close()
      yield* eventually(() => old.closed)
      yield* ours.rest("POST", `channels/${call.id}/answer`)
      yield* ours.event("ChannelStateChange", call.id)
    }).pipe(Effect.scoped)
  )

  it.effect("loses what happens while it is down; calls stay, new ones are hung up by the dialplan", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      const opened = yield* ours.connect()
      const kept = yield* place(ours)
      yield* ours.event("StasisStart", kept.id)
      yield* ours.asterisk.dropEvents
      yield* eventually(() => opened.closed)
      assert.strictEqual(opened.closed, 1006)
      const refused = yield* place(ours)
      const end = yield* refused.settled
      assert.strictEqual(end.state, "failed")
      assert.match(end.errors[0] ?? "", /STASISSTATUS=FAILED/)
      assert.strictEqual((yield* ours.rest("POST", `channels/${kept.id}/answer`)).status, 204)
      const before = ours.events.length
      yield* ours.connect()
      yield* ours.rest("DELETE", `channels/${kept.id}`)
      yield* ours.event("ChannelDestroyed", kept.id)
      assert.deepStrictEqual(storyOf(ours.events.slice(before), kept.id), [
        "ChannelHangupRequest",
        "StasisEnd",
        "ChannelDestroyed"
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("without subscribeAll hears of its channels only while they are in the application, unless it asks", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect({ query: `app=${ours.application}` })
      const call = yield* place(ours)
      yield* ours.event("StasisStart", call.id)
      yield* ours.rest("POST", "bridges/b1")
      yield* ours.rest("POST", "bridges/b1/addChannel", { channel: call.id })
      yield* ours.event("ChannelEnteredBridge", call.id)
      yield* call.hangUp
      yield* call.settled
      const asked = yield* place(ours)
      yield* ours.event("StasisStart", asked.id)
      const subscribed = yield* ours.rest("POST", `applications/${ours.application}/subscription`, {
        eventSource: `channel:${asked.id}`
      })
      assert.deepStrictEqual(subscribed.body["channel_ids"], [asked.id])
      yield* asked.hangUp
      yield* ours.event("ChannelDestroyed", asked.id)
      assert.deepStrictEqual(storyOf(ours.events, call.id), [
        "StasisStart",
        "ChannelEnteredBridge",
        "ChannelHangupRequest",
        "ChannelLeftBridge",
        "StasisEnd"
      ])
      assert.isFalse(ours.events.some(({ type }) => type === "BridgeCreated"))
      const unknown = yield* ours.rest("POST", `applications/${ours.application}/subscription`, {
        eventSource: `channel:${asked.id}`
      })
      assert.strictEqual(unknown.status, 422)
      // An originated channel is subscribed to for good.
      yield* ours.asterisk.whenDialed("*", { outcome: "answer", hangUpAfterMs: 10 })
      yield* ours.rest("POST", "channels/gw-1", { endpoint: "PJSIP/1@trunk", app: ours.application })
      yield* ours.event("ChannelDestroyed", "gw-1")
    }).pipe(Effect.scoped)
  )

  it.effect("tells of a caller who gives up, and of one whom the dialplan has answered already", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      const impatient = yield* place(ours)
      yield* ours.event("StasisStart", impatient.id)
      yield* impatient.hangUp
      assert.strictEqual((yield* impatient.settled).state, "canceled")
      assert.deepInclude(yield* ours.event("ChannelDestroyed", impatient.id), { cause: 127, tech_cause: 487 })
      assert.strictEqual((yield* ours.rest("POST", `channels/${impatient.id}/answer`)).status, 404)

      const call = yield* ours.asterisk.placeInbound({ from: "anonymous", to: "8000", channelState: "Up", args: ["x"] })
      const start = yield* ours.event("StasisStart", call.id)
      assert.deepStrictEqual([at(start, "channel.state"), start["args"]], ["Up", ["x"]])
      assert.strictEqual((yield* call.now).state, "in-progress")
    }).pipe(Effect.scoped)
  )
})
