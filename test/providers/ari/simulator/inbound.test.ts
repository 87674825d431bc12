import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, gateway, join, storyOf } from "./gateway.ts"

const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const
/** Bytes that never repeat a run of 160, so that order matters. */
const speech = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, i) => (i * 7 + (i >> 8) * 13) & 0x7e)
const contains = (whole: Uint8Array, part: Uint8Array) => Buffer.from(whole).includes(Buffer.from(part))
const from = "+442071838750"
const to = "8000"

describe("an inbound call", () => {
  it.effect("enters the application, and hears from an echo exactly what it said", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      ours.onAudio = ({ socket }, audio) => socket.send(audio)
      yield* ours.connect()
      const said = speech(400)
      const call = yield* ours.asterisk.placeInbound({ from, to, audio: { format: mulaw, bytes: said } })
      const start = yield* ours.event("StasisStart", call.id)
      assert.deepInclude(start, { args: ["did=8000"], application: ours.application })
      assert.match(String(start["timestamp"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/)
      assert.match(String(start["asterisk_id"]), /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
      assert.match(call.id, /^\d+\.\d+$/)
      assert.strictEqual(at(start, "channel.state"), "Ring")
      assert.match(String(at(start, "channel.name")), /^PJSIP\/trunk-[0-9a-f]{8}$/)
      assert.deepStrictEqual(at(start, "channel.caller"), { name: "", number: from })
      assert.deepInclude(at(start, "channel.dialplan"), { context: "from-external", exten: to, app_name: "Stasis" })
      assert.strictEqual((yield* call.now).state, "ringing")

      const { added, bridgeId, made, media, mediaId } = yield* join(ours, call.id)
      assert.strictEqual(made.status, 200)
      assert.strictEqual(added.status, 204)
      assert.match(String(made.body["name"]), /^WebSocket\/gateway_media\/0x7f[0-9a-f]+$/)
      assert.strictEqual(made.body["state"], "Down")
      assert.deepStrictEqual(made.body["channelvars"], {
        MEDIA_WEBSOCKET_CONNECTION_ID: "gateway_media",
        MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE: "160"
      })
      assert.strictEqual(media.target, "/telephony/ws?call=one&token=t1")
      assert.strictEqual(media.headers["sec-websocket-protocol"], "media")
      assert.isUndefined(media.headers["sec-websocket-extensions"])
      assert.deepStrictEqual(JSON.parse(media.texts[0] ?? ""), {
        event: "MEDIA_START",
        connection_id: "gateway_media",
        channel: made.body["name"],
        channel_id: mediaId,
        format: "ulaw",
        optimal_frame_size: 160,
        ptime: 20,
        channel_variables: made.body["channelvars"]
      })

      yield* call.pressDigits("1#")
      const heard = yield* call.until((now) => contains(now.heard.played, said))
      assert.isTrue(Buffer.from(heard.said).equals(said))
      assert.strictEqual(heard.media, "streaming")
      assert.isTrue(media.audio.every(({ length }) => length === 160))
      yield* ours.event("ChannelDtmfReceived", call.id, 1)
      const digits = media.texts.filter((text) => text.includes("DTMF_END"))
      assert.deepStrictEqual(digits, [
        JSON.stringify({ event: "DTMF_END", channel_id: mediaId, digit: "1" }),
        JSON.stringify({ event: "DTMF_END", channel_id: mediaId, digit: "#" })
      ])

      yield* call.hangUp
      const destroyed = yield* ours.event("ChannelDestroyed", call.id)
      assert.deepInclude(destroyed, { cause: 16, cause_txt: "Normal Clearing" })
      assert.isUndefined(destroyed["tech_cause"])
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.strictEqual(end.media, "ended")
      assert.deepStrictEqual(end.errors, [])
      assert.deepStrictEqual(storyOf(ours.events, call.id), [
        "ChannelCreated",
        "StasisStart",
        "State Up",
        "ChannelEnteredBridge",
        "ChannelDtmfReceived",
        "ChannelDtmfReceived",
        "ChannelHangupRequest",
        "ChannelLeftBridge",
        "StasisEnd",
        "ChannelDestroyed"
      ])
      assert.deepStrictEqual(storyOf(ours.events, mediaId), [
        "ChannelCreated",
        "Dial",
        "Dial ANSWER",
        "State Up",
        "StasisStart",
        "ChannelEnteredBridge"
      ])
      // The media channel and the bridge outlive the caller: they are ours to delete.
      assert.deepInclude(yield* ours.asterisk.state, { channels: [mediaId], bridges: [bridgeId] })
      assert.strictEqual((yield* ours.rest("DELETE", `channels/${mediaId}`)).status, 204)
      assert.strictEqual((yield* ours.rest("DELETE", `bridges/${bridgeId}`)).status, 204)
      yield* ours.event("BridgeDestroyed")
      const request = yield* ours.event("ChannelHangupRequest", mediaId)
      assert.deepInclude(request, { cause: 32, soft: true })
      yield* ours.event("ChannelDestroyed", mediaId)
      assert.deepInclude(yield* ours.asterisk.state, { channels: [], bridges: [] })
    }).pipe(Effect.scoped)
  )
})
