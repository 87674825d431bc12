import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { VobizOptions } from "../../../../src/providers/vobiz/simulator/settings.ts"
import type { Reply, Service } from "../../../simulator/service.ts"
import { listen, ours, person, rest, start, streamIdIn, streamTo } from "./support.ts"

const audio = (ms: number, value = 5) => Buffer.alloc(ms * 8, value).toString("base64")

/** A call whose stream is up, and the means to speak to it. */
const streaming = Effect.fnUntraced(function* (options: VobizOptions = {}, reply: (at: Service) => Reply = streamTo) {
  const { at, carrier } = yield* start({ jitterMs: 0, ...options })
  const markup = reply(at)
  at.answer = () => markup
  const texts = listen(at)
  const call = yield* carrier.placeInbound({ from: person, to: ours })
  yield* call.until((now) => now.media === "streaming")
  yield* call.until(() => texts.length > 1)
  const streamId = streamIdIn(texts[0] ?? "")
  const raw = (text: string | Uint8Array) => at.sockets.at(-1)?.send(text)
  const send = (event: string, body: object = {}) => raw(JSON.stringify({ event, streamId, ...body }))
  const play = (ms: number, value?: number) =>
    send("playAudio", { media: { contentType: "audio/x-mulaw", sampleRate: 8000, payload: audio(ms, value) } })
  const others = () => texts.filter((text) => !text.includes('"event":"media"')).slice(1)
  return { at, call, carrier, others, play, raw, send, streamId, texts }
})

const full = 'bidirectional="true" keepCallAlive="true" contentType="audio/x-mulaw;rate=8000"'

const oneWay = (at: Service) => streamTo(at, 'contentType="audio/x-mulaw;rate=8000"', '<Wait length="60"/>')

describe("the media socket", () => {
  it.effect("returns a checkpoint when what was before it was played, without a streamId", () =>
    Effect.gen(function* () {
      const { call, others, play, send } = yield* streaming()
      send("checkpoint", { name: "nothing before" })
      play(200, 1)
      send("checkpoint", { name: "after 200" })
      const heard = yield* call.until(() => others().length === 2)
      assert.deepStrictEqual(others(), [
        '{"event":"playedStream","name":"nothing before"}',
        '{"event":"playedStream","name":"after 200"}'
      ])
      assert.isAtLeast(heard.heard.played.length, 1600)
    }).pipe(Effect.scoped)
  )

  it.effect("confirms a clear later, drops what comes before it, and never returns cleared checkpoints", () =>
    Effect.gen(function* () {
      const { call, others, play, send, streamId } = yield* streaming({ clearedAfterMs: 200 })
      for (let i = 0; i < 5; i++) play(4000, 2)
      send("checkpoint", { name: "never heard" })
      yield* call.until((now) => now.heard.played.length > 0)
      send("clearAudio")
      play(100, 3)
      yield* call.until(() => others().length === 1)
      assert.deepStrictEqual(others(), [`{"event":"clearedAudio","streamId":"${streamId}"}`])
      play(100, 4)
      send("checkpoint", { name: "heard" })
      const now = yield* call.until(() => others().length === 2)
      assert.strictEqual(others()[1], '{"event":"playedStream","name":"heard"}')
      assert.isFalse(now.heard.played.includes(3))
      assert.strictEqual(now.heard.played.filter((value) => value === 4).length, 800)
      assert.include(now.errors, "stream: playAudio before clearedAudio was dropped")
    }).pipe(Effect.scoped)
  )

  it.effect("ends the stream on stop: the next element runs, then 4010 by the carrier", () =>
    Effect.gen(function* () {
      const reply = (at: Service) =>
        streamTo(
          at,
          `${full} statusCallbackUrl="${at.url}/status/stream" extraHeaders="run=42,b=x y"`,
          "<Speak>Bye</Speak>"
        )
      const { at, call, play, send } = yield* streaming({}, reply)
      send("checkpoint", { name: "c1" })
      play(20)
      send("clearAudio")
      yield* call.until((now) => now.callbacks.some(({ fields }) => fields["Event"] === "ClearedAudio"))
      send("stop")
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.notes, ["said: Bye"])
      assert.deepInclude(end.callbacks.at(-1)?.fields, { HangupCauseCode: "4010", HangupSource: "Vobiz" })
      const stream = at.arrived.filter(({ target }) => target === "/status/stream").map(({ fields }) => fields)
      assert.deepStrictEqual(
        stream.map((fields) => [fields["Event"], fields["Name"], fields["X-VH-run"], fields["CallStatus"]]),
        [
          ["StartStream", undefined, "42", undefined],
          ["PlayedStream", "c1", "42", undefined],
          ["ClearedAudio", undefined, "42", undefined],
          ["StopStream", undefined, "42", undefined]
        ]
      )
      assert.match(stream[0]?.["ServiceURL"] ?? "", /^ws:.*\/media\/one$/)
      assert.match(stream[0]?.["Timestamp"] ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    }).pipe(Effect.scoped)
  )

  it.effect("goes on to the next element when our side just closes, and calls that dropped", () =>
    Effect.gen(function* () {
      const reply = (at: Service) => streamTo(at, `${full} statusCallbackUrl="${at.url}/status/stream"`)
      const { at, call } = yield* streaming({}, reply)
      at.sockets[0]?.close(1000)
      const end = yield* call.settled
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "4010")
      const dropped = end.callbacks.find(({ subject }) => subject === "stream:DroppedStream")
      assert.strictEqual(dropped?.fields["Error"], "connection disconnected with the remote service")
    }).pipe(Effect.scoped)
  )

  it.effect("connects again where maxRetries says so, with a new streamId for the same call", () =>
    Effect.gen(function* () {
      const { at, call, texts } = yield* streaming({}, (service) => streamTo(service, `${full} maxRetries="1"`))
      const starts = () => texts.filter((text) => text.includes('"event":"start"'))
      at.sockets[0]?.close(1000)
      yield* call.until(() => starts().length === 2)
      const [first = "", second = ""] = starts()
      assert.include(first, call.id)
      assert.include(second, call.id)
      assert.notStrictEqual(streamIdIn(first), streamIdIn(second))
      at.sockets[1]?.close(1000)
      yield* call.settled
      assert.lengthOf(starts(), 2)
    }).pipe(Effect.scoped)
  )

  it.effect("takes only what the documents have, and says so once", () =>
    Effect.gen(function* () {
      const { call, play, raw, send } = yield* streaming()
      const l16 = { contentType: "audio/x-l16", sampleRate: 16_000, payload: audio(20) }
      raw("{broken")
      raw(Uint8Array.of(1, 2, 3))
      send("sendDTMF", { dtmf: "1" })
      send("playAudio", { media: { ...l16, sampleRate: 44_100 } })
      send("playAudio", { media: { ...l16, payload: "****" } })
      raw(JSON.stringify({ event: "clearAudio" }))
      raw(JSON.stringify({ event: "clearAudio", streamId: "another" }))
      send("checkpoint")
      play(20)
      send("playAudio", { media: l16 })
      const now = yield* call.until(({ mediaMessages }) => mediaMessages.length === 10)
      assert.strictEqual(now.mediaMessages.filter(({ kind }) => kind === "invalid").length, 9)
      assert.deepStrictEqual(now.errors, [
        "stream: a message that does not follow the protocol",
        "stream: a binary message",
        "stream: a message with another streamId",
        "stream: playAudio changes its format"
      ])
      assert.strictEqual(now.state, "in-progress")
    }).pipe(Effect.scoped)
  )

  it.effect("takes nothing but stop on a stream that only listens", () =>
    Effect.gen(function* () {
      const { call, play, send } = yield* streaming({}, oneWay)
      play(20)
      send("stop")
      const now = yield* call.until(({ media }) => media === "ended")
      assert.match(now.errors[0] ?? "", /playAudio on a stream that is not bidirectional/)
      assert.strictEqual(now.state, "in-progress")
    }).pipe(Effect.scoped)
  )

  it.effect("is ended by the API or by its timeout, and keeps time", () =>
    Effect.gen(function* () {
      const { call, carrier, texts } = yield* streaming()
      yield* call.until(({ heard }) => heard.timeline.length >= 4000)
      const media = texts.filter((text) => text.includes('"event":"media"'))
      const stamps = media.map((text) => Number(/"timestamp":"(\d+)"/.exec(text)?.[1]))
      assert.isTrue(stamps.every((stamp, i) => i === 0 || stamp === (stamps[i - 1] ?? 0) + 20))
      assert.match(media[9] ?? "", /"sequenceNumber":10,.*"chunk":10,/)
      assert.strictEqual((yield* rest(carrier, "DELETE", `/Call/${call.id}/Stream/none/`)).status, 404)
      assert.strictEqual((yield* rest(carrier, "DELETE", `/Call/${call.id}/Stream/`)).status, 204)
      assert.strictEqual((yield* call.settled).callbacks.at(-1)?.fields["HangupCauseCode"], "4010")

      const short = yield* streaming({}, (at) => streamTo(at, `${full} streamTimeout="0.3"`))
      assert.strictEqual((yield* short.call.settled).callbacks.at(-1)?.fields["HangupCauseCode"], "4010")
    }).pipe(Effect.scoped)
  )
})
