import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import twilio from "twilio"
import { converter } from "../../../src/audio/converter.ts"
import { mulaw8 } from "../support/fakeTransport.ts"
import { until } from "../support/legs.ts"
import { botServer } from "./support/botServer.ts"
import { connect, startCall, streamedCall, token } from "./support/streams.ts"

const pcm16 = { encoding: "pcm_s16le", sampleRate: 16000 } as const
const block = (value: number, bytes = 160) => new Uint8Array(bytes).fill(value)
const run = (length: number) => Uint8Array.from({ length }, (_, n) => (n * 7) % 256)

describe("a call with a bot written for Twilio Media Streams", () => {
  it.live("begins with connected and start, signed as Twilio signs", () =>
    Effect.gen(function* () {
      const server = yield* botServer({ path: "/media stream/s_01?tenant=a%20b&x='1'" })
      const { start, stream } = yield* startCall(server, { settings: { secret: token, parameters: ["plan=gold"] } })
      assert.deepStrictEqual(
        stream.messages().map(({ event }) => event),
        ["connected", "start"]
      )
      assert.deepInclude(start, { sequenceNumber: "1" })
      assert.strictEqual(start.start.streamSid, start.streamSid)
      assert.strictEqual(start.start.callSid, "CA0198c0de000070008000000000000001")
      assert.strictEqual(start.start.accountSid, "AC0198c0de00007000800000000000000a")
      assert.deepInclude(start.start.customParameters, { plan: "gold", customer: "c-42", from: streamedCall.from })
      assert.notProperty(start.start.customParameters, "reconnect")

      const signature = stream.headers["x-twilio-signature"]
      assert.isString(signature)
      const seen = `ws://${stream.headers.host}${stream.target}`
      assert.isTrue(twilio.validateRequest(token, String(signature), seen, {}))
      assert.isFalse(twilio.validateRequest(token, String(signature), `${seen}&more=1`, {}))
      assert.isFalse(twilio.validateRequest(`${token}0`, String(signature), seen, {}))
      assert.isUndefined(stream.headers.authorization)
      assert.isUndefined(stream.headers["sec-websocket-protocol"])
      assert.isUndefined(stream.headers["sec-websocket-extensions"])
      assert.notInclude(JSON.stringify([stream.headers, stream.target, stream.messages()]), token)
    })
  )

  it.live("has a new stream when it comes back, and says so", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const first = yield* startCall(server)
      const again = yield* startCall(server, { call: { ...streamedCall, attempt: 1 } })
      assert.notStrictEqual(again.start.streamSid, first.start.streamSid)
      assert.strictEqual(again.start.start.callSid, first.start.start.callSid)
      assert.strictEqual(again.start.start.customParameters["reconnect"], "1")
    })
  )

  it.live("is not signed without a secret, which only a bot on this machine may do without", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { stream } = yield* startCall(server, { settings: {} })
      assert.notProperty(stream.headers, "x-twilio-signature")
      const failure = yield* Effect.flip(connect("wss://bot.example/media-stream", {}, {}))
      assert.strictEqual(failure.reason, "handshake-failed")
    })
  )

  it.live("hears the caller in frames of 20 ms, byte for byte, however the carrier cuts them", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { media, stream } = yield* startCall(server)
      const said = run(160 * 12)
      for (let at = 0, n = 0; at < said.length; n++) {
        const size = [240, 1, 0, 479, 160, 33][n % 6] ?? 1
        media.emit({ _tag: "Audio", chunk: said.slice(at, at + size) })
        at += size
      }
      yield* until(() => stream.heard().length === said.length)
      assert.deepStrictEqual(stream.heard(), Buffer.from(said))
      const heard = stream.messages().flatMap((message) => (message.event === "media" ? [message] : []))
      assert.deepStrictEqual(
        heard.map(({ media: { chunk } }) => chunk),
        heard.map((_, n) => String(n + 1))
      )
      assert.deepStrictEqual(
        heard.map(({ sequenceNumber }) => sequenceNumber),
        heard.map((_, n) => String(n + 2))
      )
      assert.deepStrictEqual(
        heard.map(({ media: { timestamp } }) => Number(timestamp) - Number(heard[0]?.media.timestamp)),
        heard.map((_, n) => n * 20)
      )
    })
  )

  it.live("hears and speaks mu-law, whatever the carrier's format", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { media, speak, stream } = yield* startCall(server, { media: { format: pcm16 } })
      const tone = new Int16Array(320 * 20).map((_, n) => 8000 * Math.sin((2 * Math.PI * 400 * n) / 16000))
      const frames = Array.from({ length: 20 }, (_, n) => new Uint8Array(tone.buffer, n * 640, 640))
      for (const chunk of frames) media.emit({ _tag: "Audio", chunk })
      const expected = Buffer.concat(frames.map(converter(pcm16, mulaw8).convert))
      const whole = expected.length - (expected.length % 160)
      yield* until(() => stream.heard().length >= whole)
      assert.deepStrictEqual(stream.heard(), expected.subarray(0, whole))

      const spoken = run(800)
      yield* speak(spoken.subarray(0, 300))
      yield* speak(spoken.subarray(300))
      yield* stream.understood
      const { convert } = converter(mulaw8, pcm16)
      assert.deepStrictEqual(
        Buffer.from(media.bytes()),
        Buffer.concat([convert(spoken.subarray(0, 300)), convert(spoken.subarray(300))])
      )
    })
  )

  it.live("hears the last of the caller, filled up to a frame", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { end, media, stream } = yield* startCall(server)
      media.emit({ _tag: "Audio", chunk: block(0xf0, 200) })
      yield* media.stop
      yield* end
      yield* stream.next("stop")
      assert.strictEqual(stream.heard().length, 320)
      assert.isTrue(
        stream
          .heard()
          .subarray(200)
          .every((byte) => byte === 0xff)
      )
    })
  )

  it.live("is told of keys, and of marks when their audio was heard", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { mark, media, speak, stream } = yield* startCall(server)
      media.emit({ _tag: "Digit", digit: "#", durationMs: 90 })
      assert.strictEqual((yield* stream.next("dtmf")).dtmf.digit, "#")
      yield* speak(block(1))
      yield* mark("greeting")
      yield* speak(block(2))
      yield* stream.understood
      assert.isFalse(stream.messages().some(({ event }) => event === "mark"))
      assert.deepStrictEqual(Buffer.from(media.bytes()), Buffer.concat([block(1), block(2)]))
      yield* media.letDrain
      assert.strictEqual((yield* stream.next("mark")).mark.name, "greeting")
    })
  )

  it.live("gets back its own marks only, as often as it asked for them", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { mark, media, stream } = yield* startCall(server)
      media.emit({ _tag: "Mark", name: "of a stream before", heardMs: 20, cleared: false })
      for (const name of ["a", "a", "b"]) yield* mark(name)
      yield* stream.understood
      yield* media.letDrain
      media.emit({ _tag: "Mark", name: "a", heardMs: 20, cleared: false })
      media.emit({ _tag: "Digit", digit: "1" })
      yield* stream.next("dtmf")
      assert.deepStrictEqual(
        stream.messages().flatMap((message) => (message.event === "mark" ? [message.mark.name] : [])),
        ["a", "a", "b"]
      )
    })
  )

  it.live("silences the phone with clear, and gets its marks back", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { clear, mark, media, speak, stream } = yield* startCall(server)
      yield* speak(block(1, 4000))
      yield* mark("a")
      yield* speak(block(2, 4000))
      yield* mark("b")
      yield* clear
      assert.strictEqual((yield* stream.next("mark")).mark.name, "a")
      assert.strictEqual((yield* stream.next("mark")).mark.name, "b")
      assert.strictEqual(media.byteCount(), 0)
      yield* speak(block(3))
      yield* until(() => media.byteCount() === 160)
      assert.deepStrictEqual(Buffer.from(media.bytes()), Buffer.from(block(3)))
    })
  )

  it.live("is heard by its clear, and by nothing else, when it is minutes ahead of the phone", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { clear, mark, media, speak, stream } = yield* startCall(server)
      media.setRoom(2)
      for (let n = 0; n < 300; n++) {
        yield* speak(block(n % 256, 8000))
        yield* mark(`m${n}`)
      }
      yield* stream.understood
      assert.strictEqual(media.played().length, 2)
      yield* clear
      for (let n = 0; n < 300; n++) assert.strictEqual((yield* stream.next("mark")).mark.name, `m${n}`)
      assert.strictEqual(media.byteCount(), 0)
      yield* speak(block(7))
      yield* until(() => media.byteCount() === 160)
      assert.deepStrictEqual(Buffer.from(media.bytes()), Buffer.from(block(7)))
    })
  )

  it.live("may say a minute in one message, or a few bytes in each", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { media, speak } = yield* startCall(server)
      const minute = run(480_000)
      yield* speak(minute)
      for (let at = 0; at < 4000; at += 40) yield* speak(minute.subarray(at, at + 40))
      yield* until(() => media.byteCount() === 484_000)
      assert.isTrue(Buffer.from(media.bytes()).equals(Buffer.concat([minute, minute.subarray(0, 4000)])))
      assert.isTrue(media.played().every(({ length }) => length <= 8000))
    })
  )

  it.live("ends the call by closing the connection", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      for (const code of [1000, undefined]) {
        const { end, leg, speak, stream } = yield* startCall(server)
        yield* speak(block(1))
        yield* Effect.sync(() => stream.socket.close(code))
        assert.deepStrictEqual(yield* end, { _tag: "HangUp", drain: false })
        yield* leg.ended({ reason: "agent_ended", owner: "agent" })
      }
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("is told to stop as soon as the call is over, and nothing after it", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { close, end, leg, media, start, stream } = yield* startCall(server)
      yield* media.stop
      assert.deepStrictEqual(yield* end, { _tag: "MediaEnded" })
      const { stop } = yield* stream.next("stop")
      assert.deepStrictEqual(stop, { accountSid: start.start.accountSid, callSid: start.start.callSid })
      assert.strictEqual((yield* stream.closed).code, 1000)
      yield* leg.ended({ reason: "caller_hung_up", owner: "caller" })
      yield* close
      assert.strictEqual(stream.messages().filter(({ event }) => event === "stop").length, 1)
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("is told to stop when the call ends without a conversation", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const leg = yield* connect(server.url)
      yield* leg.ended({ reason: "max_duration", owner: "gateway" })
      yield* until(() => server.connections() === 0)
    })
  )
})
