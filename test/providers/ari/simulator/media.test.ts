import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { AsteriskOptions } from "../../../../src/providers/ari/simulator/options.ts"
import type { CallSnapshot } from "../../../../src/simulator/SimulatorModule.ts"
import { eventually, gateway, join } from "./gateway.ts"

/** A call whose media is up. */
const talking = Effect.fnUntraced(function* (options: AsteriskOptions, transportData: string) {
  const ours = yield* gateway(options)
  yield* ours.connect()
  const call = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
  yield* ours.event("StasisStart", call.id)
  const joined = yield* join(ours, call.id, transportData)
  const { media } = joined
  const said = (word: string) => media.texts.filter((text) => text.includes(word))
  const hear = (word: string, count = 1) => eventually(() => (said(word).length >= count ? said(word) : undefined))
  return { ours, call, said, hear, ...joined, send: (data: string | Uint8Array) => media.socket.send(data) }
})

const json = (command: string, more: object = {}) => JSON.stringify({ command, ...more })
const flushed = ({ mediaMessages }: CallSnapshot) => mediaMessages.find(({ kind }) => kind === "clear")?.atMs
const frames = (count: number, value = 5) => new Uint8Array(160 * count).fill(value)

describe("media over WebSocket", () => {
  it.effect("returns marks when the audio before them was heard, and never after a flush", () =>
    Effect.gen(function* () {
      const { call, hear, said, send } = yield* talking({}, "f(json)v(call=1)")
      send(json("MARK_MEDIA", { correlation_id: "first" }))
      send(frames(10, 1))
      send(json("MARK_MEDIA", { correlation_id: "after-200" }))
      send(frames(400, 2))
      send(json("MARK_MEDIA", { correlation_id: "never" }))
      yield* hear("after-200")
      // The phone's own buffer is behind the queue, so what was taken is heard a moment later.
      yield* call.until((now) => now.heard.played.includes(2))
      send(json("FLUSH_MEDIA"))
      send(json("GET_STATUS"))
      const [status] = yield* hear("STATUS")
      assert.include(status, '"queue_length":0')
      send(frames(1, 3))
      send(json("MARK_MEDIA", { correlation_id: "last" }))
      yield* hear("last")
      const now = yield* call.until(({ heard }) => heard.played.at(-1) === 3)
      assert.isBelow(now.heard.played.length, 160 * 400)
      assert.deepStrictEqual(
        now.mediaMessages.map(({ kind, detail }) => `${kind} ${detail}`.trim()),
        ["mark first", "audio 1600", "mark after-200", "audio 64000", "mark never", "clear", "audio 160", "mark last"]
      )
      assert.lengthOf(said("never"), 0)
      assert.deepStrictEqual(now.errors, [])
    }).pipe(Effect.scoped)
  )

  it.effect("is punctual where its process stands still: what is flushed is not heard for longer than a frame", () =>
    Effect.gen(function* () {
      const { call, send } = yield* talking({ jitterMs: 0 }, "f(json)")
      send(frames(200))
      yield* call.until((now) => now.heard.played.length >= 160 * 10)
      yield* Effect.sync(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150))
      send(json("FLUSH_MEDIA"))
      const after = yield* call.until(
        (now) => now.heard.timeline.length > ((flushed(now) ?? Number.POSITIVE_INFINITY) + 100) * 8
      )
      assert.lengthOf(after.heard.spans, 1)
      assert.isAtMost((after.heard.spans[0]?.endMs ?? 0) - (flushed(after) ?? 0), 20)
      assert.isAtLeast(after.heard.played.length, 160 * 17)
    }).pipe(Effect.scoped)
  )

  it.effect("speaks plain text unless told otherwise, pauses, and says when it has run dry", () =>
    Effect.gen(function* () {
      const { call, hear, media, mediaId, send } = yield* talking({}, "v(call=1)")
      assert.match(
        media.texts[0] ?? "",
        new RegExp(`^MEDIA_START connection_id:gateway_media channel:\\S+ channel_id:${mediaId} `)
      )
      send("PAUSE_MEDIA")
      send(frames(3))
      send("REPORT_QUEUE_DRAINED")
      send("GET_STATUS")
      const [status] = yield* hear("STATUS")
      assert.strictEqual(
        status,
        `STATUS channel_id:${mediaId} queue_length:3 xon_level:800 xoff_level:900 queue_full:false bulk_media:false media_paused:true`
      )
      send("CONTINUE_MEDIA")
      send("START_MEDIA_BUFFERING")
      send("STOP_MEDIA_BUFFERING a1")
      assert.deepStrictEqual(yield* hear("MEDIA_BUFFERING_COMPLETED"), ["MEDIA_BUFFERING_COMPLETED a1"])
      yield* hear("QUEUE_DRAINED")
      send('{"command":"GET_STATUS"}')
      const { errors } = yield* call.until((now) => now.errors.length > 0)
      assert.match(errors[0] ?? "", /unknown command/)
      assert.lengthOf(
        media.texts.filter((text) => text.startsWith("ERROR")),
        0
      )
    }).pipe(Effect.scoped)
  )

  it.effect("stops us at 900 frames and lets us go on below 800", () =>
    Effect.gen(function* () {
      const { call, hear, said, send } = yield* talking({}, "f(json)")
      send(json("PAUSE_MEDIA"))
      for (let part = 0; part < 4; part++) send(frames(250))
      send(frames(10))
      yield* hear("MEDIA_XOFF")
      const { errors } = yield* call.until((now) => now.errors.length > 0)
      assert.match(errors[0] ?? "", /queue is full/)
      send(json("FLUSH_MEDIA"))
      send(json("CONTINUE_MEDIA"))
      yield* hear("MEDIA_XON")
      assert.lengthOf(said("MEDIA_XOFF"), 1)
    }).pipe(Effect.scoped)
  )

  it.effect("says ERROR to what is no JSON, and ignores commands over 128 bytes and unknown ones", () =>
    Effect.gen(function* () {
      const { call, hear, mediaId, said, send } = yield* talking({}, "f(json)")
      send("FLUSH_MEDIA")
      assert.deepStrictEqual(yield* hear("ERROR"), [
        JSON.stringify({ event: "ERROR", channel_id: mediaId, error_text: "Unable to parse JSON command" })
      ])
      send(json("MARK_MEDIA", { correlation_id: "x".repeat(100) }))
      send(json("DANCE"))
      send(json("MARK_MEDIA", { correlation_id: "y" }))
      yield* hear("MEDIA_MARK_PROCESSED")
      assert.lengthOf(said("ERROR"), 1)
      assert.lengthOf(said("xxx"), 0)
      const { errors } = yield* call.now
      assert.match(errors.join("\n"), /at most 128 are read[^]*unknown command DANCE/)
    }).pipe(Effect.scoped)
  )

  it.effect("takes no media commands in pass-through, nor while we only listen", () =>
    Effect.gen(function* () {
      const passing = yield* talking({}, "f(json)p")
      passing.send(json("FLUSH_MEDIA"))
      assert.match((yield* passing.hear("ERROR"))[0] ?? "", /FLUSH_MEDIA not supported in passthrough mode/)
      passing.send(frames(1, 9).subarray(0, 77))
      const played = yield* passing.call.until((now) => now.heard.played.length >= 77)
      assert.strictEqual(played.heard.played.length, 77)

      const listening = yield* talking({}, "f(json)d(in)")
      listening.send(json("MARK_MEDIA", { correlation_id: "m" }))
      const [error] = yield* listening.hear("ERROR")
      assert.match(error ?? "", /MARK_MEDIA not supported while media direction is 'in'/)
      listening.send(json("SET_MEDIA_DIRECTION", { direction: "both" }))
      listening.send(frames(1, 9))
      yield* listening.call.until((now) => now.heard.played.length === 160)
    }).pipe(Effect.scoped)
  )

  it.effect("ends the channel when we close, with 16 and 1001; when we break off or send too much, with 38", () =>
    Effect.gen(function* () {
      const closing = yield* talking({}, "f(json)")
      closing.media.socket.close(4000)
      assert.deepInclude(yield* closing.ours.event("ChannelDestroyed", closing.mediaId), {
        cause: 16,
        tech_cause: 1001
      })
      // The caller is not hung up with it.
      const alone = yield* closing.call.until((now) => now.media === "ended")
      assert.strictEqual(alone.state, "in-progress")

      const breaking = yield* talking({}, "f(json)")
      breaking.media.socket.terminate()
      assert.deepInclude(yield* breaking.ours.event("ChannelDestroyed", breaking.mediaId), {
        cause: 38,
        tech_cause: 1001
      })

      const flooding = yield* talking({}, "f(json)")
      flooding.send(new Uint8Array(65_531))
      flooding.send(new Uint8Array(65_532))
      assert.deepInclude(yield* flooding.ours.event("ChannelDestroyed", flooding.mediaId), { cause: 38 })
      assert.strictEqual(yield* eventually(() => flooding.media.closed), 1009)

      const hanging = yield* talking({}, "f(json)")
      hanging.send(json("HANGUP"))
      assert.deepInclude(yield* hanging.ours.event("ChannelDestroyed", hanging.mediaId), { cause: 16 })
      assert.strictEqual(yield* eventually(() => hanging.media.closed), 1000)
    }).pipe(Effect.scoped)
  )

  it.effect("loses audio that comes before the bridge is complete", () =>
    Effect.gen(function* () {
      const ours = yield* gateway()
      yield* ours.connect()
      const call = yield* ours.asterisk.placeInbound({ from: "+442071838750", to: "8000" })
      yield* ours.event("StasisStart", call.id)
      yield* ours.rest("POST", "channels/externalMedia", {
        app: ours.application,
        external_host: "gateway_media",
        transport: "websocket",
        encapsulation: "none",
        format: "ulaw",
        channelId: "gw-m"
      })
      yield* ours.event("StasisStart", "gw-m")
      ours.media[0]?.socket.send(frames(5))
      const { errors } = yield* call.until((now) => now.errors.length > 0)
      assert.match(errors[0] ?? "", /audio was lost/)
      yield* Effect.repeat(ours.asterisk.state, { until: ({ lostFrames }) => lostFrames === 5 })
    }).pipe(Effect.scoped)
  )

  it.effect("transcodes between the phones' codec and the media format", () =>
    Effect.gen(function* () {
      const { call, made, media, send } = yield* talking({ mediaFormat: "slin16", trunkFormat: "ulaw" }, "f(json)")
      assert.include(made.text, '"MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE":"640"')
      send(new Uint8Array(640 * 5))
      const now = yield* call.until(({ heard }) => heard.played.length >= 600)
      assert.deepStrictEqual(now.heard.format, { encoding: "mulaw", sampleRate: 8000 })
      yield* eventually(() => (media.audio.length > 3 ? true : undefined))
      assert.strictEqual(media.audio.at(-1)?.length, 640)
    }).pipe(Effect.scoped)
  )

  it.effect("comes in the packets of the far end, and not at all in its silences", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array(2400).fill(7)
      const options = { packetMs: 30, silenceSuppression: true } as const
      const { call, media } = yield* talking(options, "f(json)")
      yield* call.say({ format: { encoding: "mulaw", sampleRate: 8000 }, bytes })
      yield* call.until((now) => now.said.length === bytes.length)
      yield* eventually(() => (media.audio.length === 10 ? true : undefined))
      assert.isTrue(media.audio.every(({ length }) => length === 240))
    }).pipe(Effect.scoped)
  )
})
