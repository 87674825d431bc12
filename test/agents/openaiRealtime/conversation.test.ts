import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { converter } from "../../../src/audio/converter.ts"
import { mulaw8 } from "../support/fakeTransport.ts"
import { until } from "../support/legs.ts"
import { startCall } from "./calls.ts"
import { realtimeServer } from "./fakeServer.ts"
import { begin, callerSpeaks, callerStops, callFunction, delta, finish, respond, speak } from "./script.ts"

const pcm16 = { encoding: "pcm_s16le", sampleRate: 16000 } as const
const pcm24 = { encoding: "pcm_s16le", sampleRate: 24000 } as const
const every = Uint8Array.from({ length: 256 }, (_, i) => i)

/** 20 ms of a 400 Hz tone in 16 kHz linear PCM, the `n`th frame of it. */
const tone = (n: number) => {
  const samples = new Int16Array(320).map((_, i) => 8000 * Math.sin((2 * Math.PI * 400 * (n * 320 + i)) / 16000))
  return new Uint8Array(samples.buffer)
}

describe("a call with a realtime model", () => {
  for (const [encoding, type] of [
    ["mulaw", "audio/pcmu"],
    ["alaw", "audio/pcma"]
  ] as const) {
    it.live(`passes ${encoding} through untouched both ways`, () =>
      Effect.gen(function* () {
        const server = yield* realtimeServer()
        const { audio, media, visit } = yield* startCall(server, { media: { format: { encoding, sampleRate: 8000 } } })
        assert.deepStrictEqual(audio.audio?.input?.format, { type })
        assert.deepStrictEqual(audio.audio?.output?.format, { type })
        for (const chunk of [every, every.subarray(0, 160), every.subarray(7, 8)]) media.emit({ _tag: "Audio", chunk })
        yield* until(() => visit.heard().length === 417)
        assert.deepStrictEqual(visit.heard(), Buffer.concat([every, every.subarray(0, 160), every.subarray(7, 8)]))
        yield* respond(visit, { response: "resp_1", item: "item_1", audio: every })
        yield* until(() => media.byteCount() === 256)
        assert.deepStrictEqual(Buffer.from(media.bytes()), Buffer.from(every))
      })
    )
  }

  it.live("resamples linear PCM to 24 kHz and back", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { audio, media, visit } = yield* startCall(server, { media: { format: pcm16 } })
      assert.deepStrictEqual(audio.audio?.input?.format, { type: "audio/pcm", rate: 24000 })
      const frames = Array.from({ length: 50 }, (_, n) => tone(n))
      for (const chunk of frames) media.emit({ _tag: "Audio", chunk })
      const up = converter(pcm16, pcm24)
      const expected = Buffer.concat(frames.map((frame) => up.convert(frame)))
      yield* until(() => visit.heard().length >= expected.length)
      assert.deepStrictEqual(visit.heard(), expected)

      yield* begin(visit, "resp_1")
      for (const piece of [expected.subarray(0, 9601), expected.subarray(9601, 9602), expected.subarray(9602)])
        yield* delta(visit, "resp_1", "item_1", piece)
      yield* visit.emit({
        type: "response.output_audio.done",
        response_id: "resp_1",
        item_id: "item_1",
        output_index: 0,
        content_index: 0
      })
      const down = converter(pcm24, pcm16)
      const back = Buffer.concat([down.convert(expected), down.flush()])
      yield* until(() => media.byteCount() >= back.length)
      assert.deepStrictEqual(Buffer.from(media.bytes()), back)
    })
  )

  it.live("lets each direction have its own format", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { audio } = yield* startCall(server, { media: { format: mulaw8, outgoing: pcm16 } })
      assert.deepStrictEqual(audio.audio?.input?.format, { type: "audio/pcmu" })
      assert.deepStrictEqual(audio.audio?.output?.format, { type: "audio/pcm", rate: 24000 })
    })
  )

  it.live("begins with the greeting, as the agent that the instructions describe; else it waits for the caller", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const greeting = yield* startCall(server, { settings: { instructions: "You are Anna.", greeting: "Say hello." } })
      assert.deepInclude(yield* greeting.visit.next, {
        type: "response.create",
        response: { instructions: "You are Anna.\n\nSay hello." }
      })
      yield* respond(greeting.visit, { response: "resp_1", item: "item_1", audio: every })
      yield* greeting.visit.understood
      assert.strictEqual(greeting.visit.waiting(), 0)

      const waiting = yield* startCall(server)
      yield* waiting.visit.understood
      assert.strictEqual(waiting.visit.waiting(), 0)
    })
  )

  it.live("gives its greeting up to a caller who speaks first", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { events, media, visit } = yield* startCall(server, { settings: { greeting: "Say hello." } })
      yield* visit.nextOf("response.create")
      yield* callerSpeaks(visit)
      yield* begin(visit, "resp_1")
      assert.deepInclude(yield* visit.next, { type: "response.cancel", response_id: "resp_1" })
      yield* delta(visit, "resp_1", "item_1", every)
      assert.deepInclude(yield* visit.next, { type: "conversation.item.truncate", item_id: "item_1", audio_end_ms: 0 })
      yield* callerStops(visit)
      yield* respond(visit, { response: "resp_2", item: "item_2", audio: every })
      yield* until(() => media.byteCount() === 256)
      assert.deepStrictEqual(events, [])
      assert.strictEqual(visit.waiting(), 0)
    })
  )

  it.live("writes down what both sides said, and how much of it was heard", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { close, events, media, visit } = yield* startCall(server, { settings: { transcription_model: "t" } })
      const completed = (transcript: string) =>
        visit.emit({
          type: "conversation.item.input_audio_transcription.completed",
          item_id: "item_caller",
          content_index: 0,
          transcript,
          usage: { type: "duration", seconds: 1 }
        })
      yield* completed("I want a room.")
      yield* completed(" ")
      yield* respond(visit, { response: "resp_1", item: "item_1", audio: new Uint8Array(800), words: "For how many?" })
      yield* visit.understood
      assert.deepStrictEqual(
        events.map(({ kind }) => kind),
        ["transcript.caller"],
        "it was not heard yet"
      )
      yield* media.letDrain
      yield* until(() => events.length === 2)

      const half = {
        response: "resp_2",
        item: "item_2",
        audio: new Uint8Array(1600),
        words: "That is a hundred euros."
      }
      yield* begin(visit, "resp_2")
      yield* speak(visit, half)
      yield* callerSpeaks(visit, "resp_2")
      yield* visit.nextOf("conversation.item.truncate")
      yield* until(() => events.length === 3)
      yield* begin(visit, "resp_3")
      yield* speak(visit, { ...half, response: "resp_3", item: "item_3", words: "x".repeat(9000) })
      yield* visit.understood
      yield* media.stop
      yield* close
      // A transport in memory counts nothing that it clears as heard.
      assert.deepStrictEqual(events, [
        { kind: "transcript.caller", details: { text: "I want a room." } },
        { kind: "transcript.agent", details: { text: "For how many?" } },
        {
          kind: "transcript.agent",
          details: { text: "That is a hundred euros.", interrupted: true, heard_ms: 0, audio_ms: 200 }
        },
        { kind: "transcript.agent", details: { text: "x".repeat(4000), interrupted: true, heard_ms: 0, audio_ms: 200 } }
      ])
    })
  )

  it.live("tells the model which keys the caller presses, in sequences, and lets them interrupt it", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { events, media, visit } = yield* startCall(server, { limits: { digitPauseMs: 60 } })
      const press = (keys: string) => {
        for (const digit of keys) media.emit({ _tag: "Digit", digit })
      }
      const told = Effect.map(visit.nextOf("conversation.item.create"), ({ item }) => item)
      press("12#")
      assert.deepInclude(yield* told, {
        type: "message",
        role: "user",
        content: [{ type: "input_text", text: "(The caller pressed 12#.)" }]
      })
      yield* visit.nextOf("response.create")
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_1", new Uint8Array(8000))
      yield* until(() => media.byteCount() === 8000)
      press("34")
      assert.deepInclude(yield* visit.next, { type: "response.cancel", response_id: "resp_1" })
      assert.deepInclude(yield* visit.next, { type: "conversation.item.truncate", item_id: "item_1" })
      assert.strictEqual(media.byteCount(), 0)
      assert.deepInclude(yield* told, { content: [{ type: "input_text", text: "(The caller pressed 34.)" }] })
      yield* visit.nextOf("response.create")
      press("5".repeat(70))
      assert.deepInclude(yield* told, {
        content: [{ type: "input_text", text: `(The caller pressed ${"5".repeat(64)}.)` }]
      })
      assert.deepStrictEqual(events, [], "keys may be secrets")
    })
  )

  it.live("tells the model nothing of keys where the settings say so", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { media, visit } = yield* startCall(server, { settings: { hear_digits: false } })
      media.emit({ _tag: "Digit", digit: "#" })
      yield* visit.understood
      assert.strictEqual(visit.waiting(), 0)
    })
  )

  it.live("ends the call when the model asks for it, after the goodbye was heard", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { end, events, leg, media, running, visit } = yield* startCall(server)
      yield* begin(visit, "resp_1")
      yield* speak(visit, { response: "resp_1", item: "item_1", audio: new Uint8Array(160) })
      yield* callFunction(visit, "resp_1", { name: "end_call", callId: "call_1" })
      yield* media.letDrain
      yield* visit.understood
      assert.isUndefined(running.pollUnsafe(), "the response is not over")
      yield* finish(visit, "resp_1")
      assert.deepStrictEqual(yield* end, { _tag: "HangUp", drain: true })
      assert.deepStrictEqual(events[0], { kind: "tool.call", details: { name: "end_call", outcome: "done" } })
      yield* leg.ended({ reason: "agent_ended", owner: "agent" })
      assert.strictEqual((yield* visit.closed).code, 1000)
    })
  )

  it.live("does not wait for ever for a goodbye that does not end", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { end, media, visit } = yield* startCall(server, { limits: { farewellMs: 50 } })
      yield* begin(visit, "resp_1")
      yield* callFunction(visit, "resp_1", { name: "end_call", callId: "call_1" })
      yield* media.letDrain
      assert.deepStrictEqual(yield* end, { _tag: "HangUp", drain: true })
    })
  )

  it.live("goes on when the caller does not let the goodbye be finished", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { media, running, visit } = yield* startCall(server)
      yield* respond(visit, {
        response: "resp_1",
        item: "item_1",
        audio: new Uint8Array(8000),
        calls: [{ name: "end_call", callId: "call_1" }]
      })
      yield* until(() => media.byteCount() === 8000)
      yield* callerSpeaks(visit)
      const { item } = yield* visit.nextOf("conversation.item.create")
      assert.deepInclude(item, { type: "function_call_output", call_id: "call_1" })
      assert.include(JSON.stringify(item), "interrupted")
      yield* callerStops(visit)
      yield* media.letDrain
      yield* respond(visit, { response: "resp_2", item: "item_2", audio: every })
      yield* until(() => media.byteCount() === 256)
      assert.isUndefined(running.pollUnsafe())
    })
  )

  it.live("ends in good order when the API closes after it asked for the end, and when the caller hangs up then", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const closing = yield* startCall(server)
      yield* begin(closing.visit, "resp_1")
      yield* callFunction(closing.visit, "resp_1", { name: "end_call", callId: "call_1" })
      yield* Effect.sync(() => closing.visit.socket.close(1001))
      assert.deepStrictEqual(yield* closing.end, { _tag: "HangUp", drain: true })

      const hanging = yield* startCall(server)
      yield* begin(hanging.visit, "resp_1")
      yield* callFunction(hanging.visit, "resp_1", { name: "end_call", callId: "call_1" })
      yield* hanging.visit.understood
      yield* hanging.media.stop
      assert.deepStrictEqual(yield* hanging.end, { _tag: "HangUp", drain: false })
    })
  )

  it.live("ends with the media, and closes with 1000 when the call is over", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { close, end, leg, media, visit } = yield* startCall(server)
      yield* media.stop
      assert.deepStrictEqual(yield* end, { _tag: "MediaEnded" })
      yield* leg.ended({ reason: "caller_hung_up", owner: "caller" })
      assert.strictEqual((yield* visit.closed).code, 1000)
      yield* close
      yield* until(() => server.connections() === 0)
    })
  )
})
