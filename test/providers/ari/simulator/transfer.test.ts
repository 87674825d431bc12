import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mulawToSample, sampleToMulaw } from "../../../../src/audio/g711.ts"
import { at, eventually, gateway, join, storyOf } from "./gateway.ts"

const target = "gw-target"

/** A caller who talks with us in a bridge, and a second leg that we dial. */
const consulting = Effect.gen(function* () {
  const ours = yield* gateway()
  yield* ours.connect()
  const caller = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
  yield* ours.event("StasisStart", caller.id)
  const joined = yield* join(ours, caller.id)
  const dial = ours.rest("POST", `channels/${target}`, {
    endpoint: "PJSIP/15550003333@trunk",
    app: ours.application,
    appArgs: "transfer,t1",
    timeout: "30"
  })
  return { ours, caller, dial, ...joined }
})

/** Four seconds of one sample. */
const voice = (value: number) => {
  const bytes = new Uint8Array(64_000)
  new Int16Array(bytes.buffer).fill(value)
  return { format: { encoding: "pcm_s16le", sampleRate: 8000 }, bytes } as const
}

describe("a transfer", () => {
  it.effect("joins the caller with the destination, ends our media, and either may leave", () =>
    Effect.gen(function* () {
      const { bridgeId, caller, dial, media, mediaId, ours } = yield* consulting
      yield* dial
      const callee = yield* ours.asterisk.nextOutbound
      assert.deepStrictEqual((yield* ours.event("StasisStart", target))["args"], ["transfer", "t1"])
      assert.strictEqual((yield* ours.rest("POST", `bridges/${bridgeId}/addChannel`, { channel: target })).status, 204)
      const entered = yield* ours.event("ChannelEnteredBridge", target)
      assert.strictEqual(at(entered, "bridge.technology"), "softmix")
      assert.deepStrictEqual((yield* caller.now).togetherWith, [target])
      assert.deepStrictEqual((yield* callee.now).togetherWith, [caller.id])
      assert.strictEqual((yield* callee.now).media, "streaming")

      assert.strictEqual(
        (yield* ours.rest("POST", `bridges/${bridgeId}/removeChannel`, { channel: mediaId })).status,
        204
      )
      assert.strictEqual(at(yield* ours.event("ChannelLeftBridge", mediaId), "bridge.technology"), "simple_bridge")
      assert.strictEqual((yield* ours.rest("DELETE", `channels/${mediaId}`)).status, 204)
      yield* eventually(() => media.closed)
      assert.strictEqual(media.closed, 1000)
      const talking = yield* caller.until((now) => now.media === "ended")
      assert.deepStrictEqual(talking.togetherWith, [target])
      assert.strictEqual(talking.state, "in-progress")

      yield* callee.hangUp
      const alone = yield* caller.until((now) => now.togetherWith.length === 0)
      // Nobody tears the caller down for us.
      assert.strictEqual(alone.state, "in-progress")
      assert.strictEqual((yield* callee.settled).state, "completed")
      assert.deepStrictEqual((yield* ours.rest("GET", `bridges/${bridgeId}`)).body["channels"], [caller.id])
      assert.strictEqual((yield* ours.rest("DELETE", `bridges/${bridgeId}`)).status, 204)
      assert.strictEqual((yield* ours.rest("GET", `channels/${caller.id}`)).status, 200)
      yield* ours.rest("DELETE", `channels/${caller.id}`)
      assert.strictEqual((yield* caller.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect(
    "leaves the caller with us when the destination is busy, and the destination alone when the caller leaves",
    () =>
      Effect.gen(function* () {
        const { caller, dial, ours } = yield* consulting
        yield* ours.asterisk.whenDialed("15550003333", { outcome: "busy" })
        yield* dial
        assert.deepInclude(yield* ours.event("ChannelDestroyed", target), { cause: 17 })
        assert.deepInclude(yield* caller.now, { media: "streaming", state: "in-progress", togetherWith: [] })

        yield* ours.asterisk.whenDialed("15550003333", { outcome: "no-answer" })
        yield* Effect.andThen(ours.asterisk.nextOutbound, dial)
        const callee = yield* ours.asterisk.nextOutbound
        yield* callee.until(({ state }) => state === "ringing")
        yield* caller.hangUp
        yield* caller.settled
        assert.strictEqual((yield* callee.now).state, "ringing")
        yield* ours.rest("DELETE", `channels/${target}`)
        assert.strictEqual((yield* callee.settled).state, "canceled")
      }).pipe(Effect.scoped)
  )

  it.effect("adds the voices of a conference up for us", () =>
    Effect.gen(function* () {
      const { bridgeId, caller, dial, media, ours } = yield* consulting
      yield* dial
      const callee = yield* ours.asterisk.nextOutbound
      yield* ours.event("StasisStart", target)
      yield* ours.rest("POST", `bridges/${bridgeId}/addChannel`, { channel: target })
      yield* ours.event("ChannelEnteredBridge", target)
      yield* caller.say(voice(4000))
      yield* callee.say(voice(8000))
      const [caller4000, callee8000] = [sampleToMulaw[4000] ?? 0, sampleToMulaw[8000] ?? 0]
      const sum = sampleToMulaw[(mulawToSample[caller4000] ?? 0) + (mulawToSample[callee8000] ?? 0)]
      const loud = yield* eventually(() => media.audio.find((frame) => frame.every((byte) => byte === sum)))
      assert.lengthOf(loud, 160)
    }).pipe(Effect.scoped)
  )

  it.effect("can give the caller back to the dialplan, which dials on its own", () =>
    Effect.gen(function* () {
      const { caller, media, mediaId, ours } = yield* consulting
      const gone = yield* ours.rest("POST", `channels/${caller.id}/continue`, {
        context: "agents",
        extension: "15550003333",
        priority: "1"
      })
      assert.strictEqual(gone.status, 204)
      yield* ours.event("StasisEnd", caller.id)
      const callee = yield* ours.asterisk.nextOutbound
      const together = yield* caller.until((now) => now.togetherWith.length > 0)
      assert.deepStrictEqual(together.togetherWith, [callee.id])
      assert.strictEqual(together.media, "ended")
      assert.strictEqual((yield* ours.rest("POST", `channels/${caller.id}/answer`)).status, 409)
      yield* callee.hangUp
      assert.strictEqual((yield* caller.settled).state, "completed")
      yield* ours.rest("DELETE", `channels/${mediaId}`)
      yield* eventually(() => media.closed)
      assert.deepStrictEqual(storyOf(ours.events, caller.id).slice(-4), [
        "ChannelLeftBridge",
        "StasisEnd",
        "ChannelHangupRequest",
        "ChannelDestroyed"
      ])
    }).pipe(Effect.scoped)
  )
})
