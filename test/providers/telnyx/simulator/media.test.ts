import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { AudioFormat } from "../../../../src/Audio.ts"
import { alawToMulaw } from "../../../../src/audio/g711.ts"
import {
  answered,
  command,
  echo,
  messagesOf,
  namesOf,
  ours,
  rest,
  start,
  streamParameters,
  textOf,
  theirs
} from "./peer.ts"

const audio = (ms: number, value = 5, bytesPerMs = 8) => Buffer.alloc(ms * bytesPerMs, value).toString("base64")

/** A call whose stream is up, and the means to speak to it. */
const streaming = Effect.fnUntraced(function* (change: Readonly<Record<string, unknown>> = {}) {
  const setting = yield* start({ jitterMs: 0 })
  const { peer } = setting
  const call = yield* answered(setting, { ...streamParameters(peer), ...change })
  const raw = (text: string | Uint8Array) => peer.sockets[0]?.send(text)
  const send = (event: string, body: object = {}) => raw(JSON.stringify({ event, ...body }))
  const play = (payload: string) => send("media", { media: { payload } })
  const marks = () =>
    peer.messages.flatMap((message) => /"mark":\{"name":"([^"]+)"/.exec(JSON.stringify(message))?.[1] ?? [])
  return { ...setting, call, marks, play, raw, send }
})

describe("the media stream", () => {
  it.effect("returns marks when the audio before them was heard, and all at once on clear", () =>
    Effect.gen(function* () {
      const { call, marks, play, send } = yield* streaming()
      send("mark", { mark: { name: "nothing-before" } })
      play(audio(200, 1))
      send("mark", { mark: { name: "after-200" } })
      play(audio(30_000, 2))
      send("mark", { mark: { name: "never-heard" } })
      yield* call.until(() => marks().includes("nothing-before"))
      assert.notInclude(marks(), "after-200")
      const heard = yield* call.until(() => marks().includes("after-200"))
      assert.isAtLeast(heard.heard.played.length, 1600)
      assert.notInclude(marks(), "never-heard")
      send("clear")
      const cleared = yield* call.until(() => marks().includes("never-heard"))
      const { played } = cleared.heard
      assert.isBelow(played.length, 8 * 20_000)
      play(audio(100, 3))
      const after = yield* call.until((now) => now.heard.played.at(-1) === 3)
      assert.strictEqual(after.heard.played.indexOf(3), played.length)
      assert.deepStrictEqual(marks(), ["nothing-before", "after-200", "never-heard"])
    }).pipe(Effect.scoped)
  )

  it.effect("answers bad messages with an error and goes on", () =>
    Effect.gen(function* () {
      const { call, peer, play, raw, send } = yield* streaming()
      raw("{broken")
      raw(Uint8Array.of(1, 2, 3))
      send("dance")
      send("mark", { mark: {} })
      play("****")
      play("")
      play(audio(19))
      play(audio(30_001))
      const now = yield* call.until(({ mediaMessages }) => mediaMessages.length === 8)
      assert.isTrue(now.mediaMessages.every(({ kind }) => kind === "invalid"))
      assert.lengthOf(now.heard.played, 0)
      assert.strictEqual(now.state, "in-progress")
      const errors = () => messagesOf(peer).filter(({ event }) => event === "error")
      yield* call.until(() => errors().length === 8)
      assert.deepStrictEqual(
        errors().map(({ payload }) => /"code":(\d+)/.exec(JSON.stringify(payload))?.[1]),
        ["100003", "100003", "100003", "100003", "100004", "100004", "100004", "100004"]
      )
    }).pipe(Effect.scoped)
  )

  const silent = [
    ["the mode is forgotten: mp3 is expected", { stream_bidirectional_mode: undefined }, /mp3/],
    ["the codec is in lower case", { stream_bidirectional_codec: "pcmu" }, /pcmu/],
    ["audio goes to the opposite leg, and there is none", { stream_bidirectional_target_legs: "opposite" }, /opposite/]
  ] as const
  for (const [why, change, error] of silent) {
    it.effect(`plays nothing when ${why}`, () =>
      Effect.gen(function* () {
        const { call, peer, play } = yield* streaming(change)
        play(audio(100))
        const now = yield* call.until(({ errors }) => errors.length > 0)
        assert.match(now.errors[0] ?? "", error)
        assert.lengthOf(now.heard.played, 0)
        assert.notInclude(
          messagesOf(peer).map(({ event }) => event),
          "error"
        )
      }).pipe(Effect.scoped)
    )
  }

  const directions = [
    ["A-law from the phone, mu-law from us", "alaw", {}, "PCMA", 8000, { encoding: "mulaw", sampleRate: 8000 }],
    ["A-law pinned to mu-law", "alaw", { stream_codec: "PCMU" }, "PCMU", 8000, { encoding: "mulaw", sampleRate: 8000 }],
    [
      "linear in both directions, little-endian",
      "mulaw",
      { stream_codec: "L16", stream_bidirectional_codec: "L16", stream_bidirectional_sampling_rate: 16_000 },
      "L16",
      16_000,
      { encoding: "pcm_s16le", sampleRate: 16_000 }
    ],
    [
      "a codec that cannot be made",
      "mulaw",
      { stream_codec: "OPUS" },
      "PCMU",
      8000,
      { encoding: "mulaw", sampleRate: 8000 }
    ]
  ] as const
  for (const [what, encoding, change, announced, rate, heardAs] of directions) {
    it.effect(`has a codec of its own per direction: ${what}`, () =>
      Effect.gen(function* () {
        const { carrier, peer } = yield* start()
        peer.onMessage = echo
        const format: AudioFormat = { encoding, sampleRate: 8000 }
        const bytes = Uint8Array.from({ length: 1600 }, (_, i) => 0x11 + (i % 97))
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio: { format, bytes } })
        yield* call.until(({ answers }) => answers.length > 0)
        yield* command(carrier, call.id, "answer", { ...streamParameters(peer), ...change })
        const now = yield* call.until(({ said, speaking }) => said.length > 0 && !speaking)
        assert.deepStrictEqual(
          JSON.stringify(messagesOf(peer)[1]).match(/"media_format":(\{[^}]+\})/)?.[1],
          JSON.stringify({
            encoding: announced,
            sample_rate: rate,
            channels: 1
          })
        )
        const bytesPerFrame = announced === "L16" ? 640 : 160
        const frame = /"payload":"([^"]+)"/.exec(JSON.stringify(messagesOf(peer)[2]))?.[1] ?? ""
        assert.lengthOf(Buffer.from(frame, "base64"), bytesPerFrame)
        if (what.includes("pinned")) {
          assert.isTrue(Buffer.from(now.said).equals(bytes.map((byte) => alawToMulaw[byte] ?? 0)))
        }
        if (announced === "PCMA") assert.isTrue(Buffer.from(now.said).equals(bytes))
        const { heard } = yield* call.until(({ heard }) => heard.played.length >= now.said.length)
        assert.deepStrictEqual(heard.format, heardAs)
        if (announced === "L16") {
          assert.isTrue(Buffer.from(heard.played).includes(Buffer.from(now.said)))
        }
      }).pipe(Effect.scoped)
    )
  }

  it.effect("fails without ending the call when the socket is refused", () =>
    Effect.gen(function* () {
      const setting = yield* start()
      const { carrier, peer } = setting
      peer.refuse = () => 403
      const call = yield* carrier.placeInbound({ from: theirs, to: ours })
      yield* command(carrier, call.id, "answer", streamParameters(peer))
      const failed = yield* call.until(({ callbacks }) => callbacks.some(({ subject }) => subject === "stream:failed"))
      assert.strictEqual(failed.state, "in-progress")
      assert.include(failed.errors, "90046 Media Streaming Failed: HTTP 403")
      const sent = failed.callbacks.find(({ subject }) => subject === "stream:failed")
      assert.deepInclude(sent?.fields, { failure_reason: "connection_failed", stream_type: "websocket" })
      peer.refuse = () => undefined
      const again = yield* command(carrier, call.id, "streaming_start", streamParameters(peer))
      assert.strictEqual(again.status, 200)
      yield* call.until(({ media }) => media === "streaming")
      assert.notInclude(namesOf(peer, call.id), "call.hangup")
    }).pipe(Effect.scoped)
  )

  it.effect("sends fifty frames a second without drifting", () =>
    Effect.gen(function* () {
      const { call, peer } = yield* streaming()
      const frames = () => messagesOf(peer).filter(({ event }) => event === "media")
      yield* call.until(({ heard }) => heard.timeline.length >= 8000)
      const { heard } = yield* call.now
      assert.isAtMost(Math.abs(frames().length - heard.timeline.length / 160), 10)
      assert.match(JSON.stringify(frames()[40]), /"chunk":"41","timestamp":"800"/)
      assert.isTrue(frames().every(({ sequence_number }) => textOf(sequence_number) !== ""))
    }).pipe(Effect.scoped)
  )

  it.effect("opens before the destination is dialled where that is asked for", () =>
    Effect.gen(function* () {
      const { carrier, dialBody, peer } = yield* start()
      yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
      const early = { ...streamParameters(peer), stream_establish_before_call_originate: true }
      yield* rest(carrier, "POST", "/calls", { ...dialBody, ...early })
      const call = yield* carrier.nextOutbound
      yield* call.until(({ media }) => media === "opening")
      yield* command(carrier, call.id, "hangup", {})
      const end = yield* call.settled
      assert.strictEqual(end.media, "ended")
      assert.notInclude(namesOf(peer, call.id), "streaming.stopped")
    }).pipe(Effect.scoped)
  )
})
