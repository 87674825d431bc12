import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, gateway, join, storyOf, type Gateway } from "./gateway.ts"

const endpoint = "PJSIP/15550002222@trunk"
const callee = "15550002222"

const dial = (ours: Gateway, id: string, more: Readonly<Record<string, string>> = {}) =>
  ours.rest("POST", `channels/${id}`, {
    endpoint,
    app: ours.application,
    appArgs: "call=one,dir=out",
    callerId: '"Us" <+15550001111>',
    timeout: "30",
    ...more
  })

const start = Effect.gen(function* () {
  const ours = yield* gateway()
  yield* ours.connect()
  return ours
})

describe("an outbound call", () => {
  it.effect("is answered before the far end is dialled, and tells its life in order", () =>
    Effect.gen(function* () {
      const ours = yield* start
      ours.onAudio = ({ socket }, audio) => socket.send(audio)
      const bytes = Uint8Array.from({ length: 1600 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)
      const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes } as const
      yield* ours.asterisk.whenDialed(callee, { outcome: "answer", audio })
      const made = yield* dial(ours, "gw-1")
      assert.strictEqual(made.status, 200)
      assert.deepInclude(made.body, { id: "gw-1", state: "Down", caller: { name: "Us", number: "+15550001111" } })
      const call = yield* ours.asterisk.nextOutbound
      assert.deepInclude(call, { id: "gw-1", to: callee, from: "+15550001111", direction: "outbound" })
      const started = yield* ours.event("StasisStart", "gw-1")
      assert.deepStrictEqual(started["args"], ["call=one", "dir=out"])
      assert.strictEqual(at(started, "channel.state"), "Up")
      assert.deepStrictEqual(storyOf(ours.events, "gw-1"), [
        "ChannelCreated",
        "Dial",
        "Dial RINGING",
        "State Ringing",
        "Dial ANSWER",
        "State Up",
        "StasisStart"
      ])
      assert.strictEqual((yield* ours.event("Dial", "gw-1"))["dialstring"], "15550002222@trunk")
      yield* join(ours, "gw-1")
      const heard = yield* call.until((now) => now.heard.played.length >= bytes.length)
      assert.isTrue(Buffer.from(heard.heard.played).includes(Buffer.from(bytes)))
      assert.strictEqual((yield* ours.rest("DELETE", "channels/gw-1", { reason: "normal" })).status, 204)
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepInclude(yield* ours.event("ChannelDestroyed", "gw-1"), { cause: 16 })
      assert.strictEqual((yield* ours.rest("GET", "channels/gw-1")).status, 404)
    }).pipe(Effect.scoped)
  )

  it.effect("ends as the person decides, without StasisStart", () =>
    Effect.gen(function* () {
      const ours = yield* start
      const outcomes = [
        [{ outcome: "busy" }, "busy", "BUSY", { cause: 17, cause_txt: "User busy", tech_cause: 486 }],
        [{ outcome: "no-answer", afterMs: 30 }, "no-answer", "NOANSWER", { cause: 19, tech_cause: 480 }],
        [{ outcome: "failed" }, "failed", "CHANUNAVAIL", { cause: 1, tech_cause: 404 }],
        [{ outcome: "failed", sipCode: 503 }, "failed", "CONGESTION", { cause: 34, tech_cause: 503 }],
        [{ outcome: "failed", sipCode: 603 }, "failed", "CHANUNAVAIL", { cause: 21, tech_cause: 603 }]
      ] as const
      for (const [index, [behaviour, state, dialstatus, cause]] of outcomes.entries()) {
        const id = `gw-${index}`
        yield* ours.asterisk.whenDialed(callee, behaviour)
        yield* dial(ours, id)
        const end = yield* Effect.flatMap(ours.asterisk.nextOutbound, (call) => call.settled)
        assert.strictEqual(end.state, state)
        assert.deepInclude(yield* ours.event("ChannelDestroyed", id), cause)
        assert.deepStrictEqual(storyOf(ours.events, id).slice(2), [
          "Dial RINGING",
          "State Ringing",
          `Dial ${dialstatus}`,
          "ChannelDestroyed"
        ])
      }
    }).pipe(Effect.scoped)
  )

  it.effect("rings for as long as the dial allows, then ends with 19", () =>
    Effect.gen(function* () {
      const ours = yield* start
      yield* ours.asterisk.whenDialed("*", { outcome: "no-answer" })
      yield* dial(ours, "gw-1", { timeout: "1" })
      const end = yield* Effect.flatMap(ours.asterisk.nextOutbound, (call) => call.settled)
      assert.strictEqual(end.state, "no-answer")
      const destroyed = yield* ours.event("ChannelDestroyed", "gw-1")
      assert.deepInclude(destroyed, { cause: 19, cause_txt: "User alerting, no answer" })
      assert.isUndefined(destroyed["tech_cause"])
    }).pipe(Effect.scoped)
  )

  it.effect("is given up by us while it rings, and hung up by the person after the answer", () =>
    Effect.gen(function* () {
      const ours = yield* start
      yield* ours.asterisk.whenDialed("*", { outcome: "no-answer" })
      yield* dial(ours, "gw-1")
      yield* ours.event("ChannelStateChange", "gw-1")
      yield* ours.rest("DELETE", "channels/gw-1")
      assert.strictEqual((yield* Effect.flatMap(ours.asterisk.nextOutbound, (call) => call.settled)).state, "canceled")
      yield* ours.event("ChannelDestroyed", "gw-1")
      assert.deepStrictEqual(storyOf(ours.events, "gw-1").slice(4), [
        "ChannelHangupRequest",
        "Dial CANCEL",
        "ChannelDestroyed"
      ])
      yield* ours.asterisk.whenDialed("*", { outcome: "answer", hangUpAfterMs: 20 })
      yield* dial(ours, "gw-2")
      assert.strictEqual((yield* Effect.flatMap(ours.asterisk.nextOutbound, (call) => call.settled)).state, "completed")
      yield* ours.event("ChannelDestroyed", "gw-2")
      assert.deepStrictEqual(storyOf(ours.events, "gw-2").slice(-3), [
        "ChannelHangupRequest",
        "StasisEnd",
        "ChannelDestroyed"
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("rings the callee and is dropped on answer when no events socket has the application", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      assert.strictEqual((yield* dial(ours, "gw-1")).status, 200)
      const end = yield* Effect.flatMap(ours.asterisk.nextOutbound, (call) => call.settled)
      assert.strictEqual(end.state, "completed")
      assert.match(end.errors[0] ?? "", /dropped/)
      assert.isTrue(end.callbacks.every(({ failure }) => failure !== undefined))
    }).pipe(Effect.scoped)
  )

  it.effect("is refused in Asterisk's words", () =>
    Effect.gen(function* () {
      const ours = yield* start
      const app = ours.application
      yield* ours.asterisk.whenDialed("*", { outcome: "no-answer" })
      yield* dial(ours, "gw-taken")
      const cases = [
        [{ app }, 400, "Endpoint must be specified"],
        [{ app, endpoint: "15550002222" }, 400, "Invalid endpoint specified"],
        [{ endpoint }, 400, "Application or extension must be specified"],
        [{ app, endpoint, formats: "dance" }, 400, "Provided format (dance) was not found"],
        [
          { app, endpoint, formats: "ulaw", originator: "gw-taken" },
          400,
          "Originator and formats can't both be specified"
        ],
        [{ app, endpoint, channelId: "x".repeat(150) }, 400, "Uniqueid length exceeds maximum of 149"],
        [{ app, endpoint, channelId: "gw-taken" }, 409, "Channel with given unique ID already exists"]
      ] as const
      for (const [query, status, message] of cases) {
        const refused = yield* ours.rest("POST", "channels", { ...query })
        assert.deepStrictEqual([refused.status, refused.body], [status, { message }])
      }
      // An E.164 number without a template is the name of an endpoint that nobody configured.
      for (const unknown of ["PJSIP/+15551234", "Dance/1@trunk", "PJSIP/1@elsewhere", "WebSocket/nobody/c(ulaw)"]) {
        const refused = yield* ours.rest("POST", "channels", { app, endpoint: unknown })
        assert.deepStrictEqual([refused.status, refused.text], [500, '{"error":"Allocation failed"}'])
      }
    }).pipe(Effect.scoped)
  )

  it.effect("can be created first and dialled later", () =>
    Effect.gen(function* () {
      const ours = yield* start
      const made = yield* ours.rest("POST", "channels/create", { app: ours.application, endpoint, channelId: "gw-1" })
      assert.strictEqual(made.status, 200)
      assert.strictEqual(at(yield* ours.event("StasisStart", "gw-1"), "channel.state"), "Down")
      assert.strictEqual((yield* ours.rest("POST", "channels/gw-1/answer")).status, 412)
      assert.strictEqual((yield* ours.rest("POST", "channels/gw-1/dial", { timeout: "10" })).status, 204)
      yield* Effect.flatMap(ours.asterisk.nextOutbound, (call) => call.until(({ state }) => state === "in-progress"))
      assert.strictEqual((yield* ours.rest("POST", "channels/gw-1/dial")).status, 409)
      assert.strictEqual((yield* ours.rest("POST", "channels/gw-2/dial")).status, 404)
      assert.lengthOf(
        storyOf(ours.events, "gw-1").filter((type) => type === "StasisStart"),
        1
      )
    }).pipe(Effect.scoped)
  )
})
