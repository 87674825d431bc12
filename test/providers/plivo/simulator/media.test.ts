import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { playAudio, ours, person, speech, start, starts, streaming, until } from "./peer.ts"

const call = { from: person, to: ours }

/** A call whose stream is up, and a way to send to it. */
const talking = Effect.fnUntraced(function* (extra = "") {
  const { carrier, peer } = yield* start()
  const status = `statusCallbackUrl="${peer.url}/status/stream" ${extra}`
  peer.answer = () => streaming(peer, status)
  const placed = yield* carrier.placeInbound(call)
  yield* placed.until((now) => now.media === "streaming")
  yield* until(() => starts(peer).length === 1)
  const streamId = starts(peer)[0]?.streamId ?? ""
  const send = (message: unknown) =>
    peer.sockets[0]?.send(typeof message === "string" ? message : JSON.stringify(message))
  return { carrier, peer, placed, streamId, send }
})

const named = (event: string) => Schema.is(Schema.Struct({ event: Schema.Literal(event), name: Schema.String }))
const frame = (ms: number) => playAudio(Buffer.from(speech(ms)).toString("base64"))

const audio = (contentType: string, sampleRate: number, payload: string) => ({
  event: "playAudio",
  media: { contentType, sampleRate, payload }
})

describe("a media stream", () => {
  it.live("acknowledges a checkpoint when everything before it was played, and reports it", () =>
    Effect.gen(function* () {
      const { peer, placed, send, streamId } = yield* talking()
      send(frame(200))
      send({ event: "checkpoint", streamId, name: "utterance-7" })
      yield* until(() => peer.messages.some(named("playedStream")))
      const now = yield* placed.now
      const [audio, mark] = now.mediaMessages
      assert.deepStrictEqual([audio?.kind, mark?.kind, mark?.detail], ["audio", "mark", "utterance-7"])
      assert.strictEqual(now.heard.played.length, 1600)
      yield* placed.hangUp
      const end = yield* placed.settled
      const played = end.callbacks.find(({ subject }) => subject === "stream:PlayedStream")
      assert.strictEqual(played?.fields["Name"], "utterance-7")
      assert.strictEqual(played?.fields["StreamID"], streamId)
    }).pipe(Effect.scoped)
  )

  it.live("never acknowledges a checkpoint that was cleared, and confirms the clear", () =>
    Effect.gen(function* () {
      const { peer, placed, send, streamId } = yield* talking()
      send(frame(1000))
      send({ event: "checkpoint", streamId, name: "cleared" })
      send({ event: "clearAudio", streamId })
      send(frame(60))
      send({ event: "checkpoint", streamId, name: "after" })
      yield* until(() => peer.messages.some(named("playedStream")))
      assert.deepStrictEqual(
        peer.messages.filter(named("playedStream")).map(({ name }) => name),
        ["after"]
      )
      const cleared = peer.messages.map((message) => JSON.stringify(message)).filter((text) => text.includes("cleared"))
      assert.lengthOf(cleared, 1)
      assert.match(cleared[0] ?? "", /^\{"event":"clearedAudio","sequenceNumber":\d+,"streamId":"[0-9a-f-]{36}"\}$/)
      yield* placed.hangUp
      assert.isBelow((yield* placed.settled).heard.played.length, 8000)
    }).pipe(Effect.scoped)
  )

  it.live("takes digits, and nothing that is not in the protocol", () =>
    Effect.gen(function* () {
      const { placed, send, streamId } = yield* talking()
      send({ event: "sendDTMF", dtmf: "12#" })
      const bad = [
        "not json",
        { event: "media", media: { payload: "AAAA" } },
        audio("audio/x-mulaw;rate=8000", 8000, "AAAA"),
        audio("audio/x-mulaw", 16_000, "AAAA"),
        audio("audio/x-l16", 8000, "AAAA"),
        audio("audio/x-mulaw", 8000, "A".repeat(16 * 1024 + 4)),
        audio("audio/x-mulaw", 8000, "A".repeat(65 * 1024)),
        audio("audio/x-mulaw", 8000, "*"),
        { event: "checkpoint", streamId: "another", name: "x" },
        { event: "checkpoint", name: "x" },
        { event: "clearAudio" },
        { event: "sendDTMF", dtmf: "hello" }
      ]
      for (const message of bad) send(message)
      const now = yield* placed.until((seen) => seen.mediaMessages.length === bad.length + 1)
      assert.deepStrictEqual(
        now.mediaMessages.map(({ kind }) => kind),
        ["digits", ...bad.map(() => "invalid")]
      )
      send({ event: "checkpoint", streamId, name: "fine" })
      yield* placed.until((seen) => seen.mediaMessages.at(-1)?.kind === "mark")
    }).pipe(Effect.scoped)
  )

  it.live("throws away what is more than sixty seconds ahead", () =>
    Effect.gen(function* () {
      const { placed, send } = yield* talking()
      for (let second = 0; second < 61; second++) send(frame(1000))
      const now = yield* placed.until(({ errors }) => errors.length > 0)
      assert.match(now.errors[0] ?? "", /^buffer_overflow/)
    }).pipe(Effect.scoped)
  )

  it.live("speaks linear sixteen bit samples where it was asked to", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => {
        const { body = "", type = "" } = streaming(peer)
        return { type, body: body.replace("audio/x-mulaw;rate=8000", "audio/x-l16;rate=16000") }
      }
      const placed = yield* carrier.placeInbound(call)
      yield* until(() => peer.messages.length > 2)
      const text = JSON.stringify(peer.messages[0])
      assert.include(text, '"mediaFormat":{"encoding":"audio/x-l16","sampleRate":16000}')
      const payload = /"payload":"([^"]+)"/.exec(JSON.stringify(peer.messages[2]))?.[1] ?? ""
      assert.strictEqual(Buffer.from(payload, "base64").length, 640)
      yield* placed.hangUp
      yield* placed.settled
    }).pipe(Effect.scoped)
  )

  it.live("is dialled twice more when the connection breaks, then dropped, and the call goes on", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const status = `statusCallbackUrl="${peer.url}/status/stream"`
      peer.answer = () => streaming(peer, status, "/media/one", "<Speak>Sorry</Speak>")
      peer.onMessage = (socket, text) => {
        if (text.includes('"start"')) socket.terminate()
      }
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.lengthOf(peer.upgrades, 3)
      assert.lengthOf(starts(peer), 3)
      assert.strictEqual(new Set(starts(peer).map(({ streamId }) => streamId)).size, 1)
      assert.deepStrictEqual(end.notes, ["said: Sorry"])
      const stream = end.callbacks.filter(({ subject }) => subject.startsWith("stream:"))
      assert.deepStrictEqual(
        stream.map(({ fields }) => [fields["Event"], fields["Error"]]),
        [
          ["StartStream", undefined],
          ["DroppedStream", "connection disconnected with the remote service"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.live("goes on after one broken connection with a new start", () =>
    Effect.gen(function* () {
      const { peer, placed } = yield* talking()
      peer.sockets[0]?.terminate()
      yield* until(() => starts(peer).length === 2)
      yield* placed.until((now) => now.media === "streaming")
      yield* placed.hangUp
      assert.strictEqual((yield* placed.settled).callbacks.at(-1)?.fields["HangupCauseCode"], "4000")
    }).pipe(Effect.scoped)
  )

  it.live("that is refused is dialled three times", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => streaming(peer, `statusCallbackUrl="${peer.url}/status/stream"`)
      peer.refuse = () => 403
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.lengthOf(peer.upgrades, 3)
      assert.match(end.errors[0] ?? "", /^connection_failed: .*403/)
      assert.deepInclude(end.callbacks.at(-1)?.fields ?? {}, { CallStatus: "completed", HangupCauseCode: "4010" })
    }).pipe(Effect.scoped)
  )

  it.live("may begin with a frame before its start", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start({ mediaBeforeStart: true })
      peer.answer = () => streaming(peer)
      const placed = yield* carrier.placeInbound(call)
      yield* until(() => peer.messages.length > 2)
      const events = peer.messages.map((message) => /"event":"(\w+)"/.exec(JSON.stringify(message))?.[1])
      assert.deepStrictEqual(events.slice(0, 3), ["media", "start", "media"])
      yield* placed.hangUp
    }).pipe(Effect.scoped)
  )
})
