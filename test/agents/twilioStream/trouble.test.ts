import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Queue, Scope } from "effect"
import type { WebSocket } from "ws"
import { TransportError } from "../../../src/Transport.ts"
import { fakeTransport } from "../support/fakeTransport.ts"
import { memoryLine, until } from "../support/legs.ts"
import { botServer } from "./support/botServer.ts"
import { connect, startCall, token } from "./support/streams.ts"

/** A TCP port of this machine that takes connections and says nothing. */
const silentPort = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
    const sockets = new Set<{ readonly destroy: () => void }>()
    const server = createServer((socket) => void sockets.add(socket)).listen(0, "127.0.0.1", () => {
      const address = server.address()
      const close = () => {
        for (const socket of sockets) socket.destroy()
        server.close()
      }
      resume(Effect.succeed({ port: typeof address === "object" && address !== null ? address.port : 0, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

/** What becomes of a call whose bot does this in the very moment in which it is connected to. */
const greeted = Effect.fnUntraced(function* (greet: (socket: WebSocket) => void) {
  const server = yield* botServer({ greet })
  const media = yield* fakeTransport()
  const leg = yield* connect(server.url)
  return yield* Effect.exit(leg.run(media.transport, memoryLine().line))
})

describe("connecting to a Twilio stream bot", () => {
  for (const [status, hint] of [
    [403, "secret"],
    [404, "path"]
  ] as const) {
    it.live(`explains HTTP ${status} and tries nothing else`, () =>
      Effect.gen(function* () {
        const server = yield* botServer({ refuseWith: status })
        const failure = yield* Effect.flip(connect(`${server.url}?token=in-the-query`))
        assert.strictEqual(failure.reason, "handshake-failed")
        assert.include(failure.message, String(status))
        assert.include(failure.message, hint)
        assert.notInclude(failure.message, "in-the-query")
        assert.notInclude(failure.message, token)
      })
    )
  }

  it.live("gives up on a bot that never answers", () =>
    Effect.gen(function* () {
      const { port } = yield* silentPort
      const failure = yield* Effect.flip(connect(`ws://127.0.0.1:${port}`, { connectMs: 50 }))
      assert.strictEqual(failure.reason, "connect-failed")
    })
  )

  it.live("leaves no connection behind when it is interrupted", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const connecting = yield* Effect.forkScoped(Effect.scoped(Effect.andThen(connect(server.url), Effect.never)))
      const { closed } = yield* Queue.take(server.streams)
      yield* Fiber.interrupt(connecting)
      yield* closed
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("takes a bot that closes at once for what its close code says", () =>
    Effect.gen(function* () {
      const orderly = yield* greeted((socket) => socket.close(1000))
      assert.deepStrictEqual(orderly, Exit.succeed({ _tag: "HangUp", drain: false }))
      for (const greet of [(socket: WebSocket) => socket.close(1011), (socket: WebSocket) => socket.terminate()]) {
        const abrupt = yield* greeted(greet)
        assert.isTrue(Exit.isFailure(abrupt) && Cause.hasFails(abrupt.cause))
      }
    })
  )

  it.live("misses nothing that a bot says at once", () =>
    Effect.gen(function* () {
      const server = yield* botServer({
        greet: (socket) =>
          socket.once("message", () =>
            socket.once("message", (data: Buffer) => {
              const { streamSid } = JSON.parse(data.toString())
              for (const payload of ["AQ==", "Ag==", "Aw=="]) {
                socket.send(JSON.stringify({ event: "media", streamSid, media: { payload } }))
              }
            })
          )
      })
      const leg = yield* connect(server.url)
      const { understood } = yield* Queue.take(server.streams)
      const media = yield* fakeTransport()
      yield* Effect.forkScoped(leg.run(media.transport, memoryLine().line))
      yield* understood
      yield* until(() => media.byteCount() === 3)
      assert.deepStrictEqual(Array.from(media.bytes()), [1, 2, 3])
    })
  )
})

describe("trouble with a Twilio stream bot", () => {
  it.live("is lost when it closes in disorder", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      for (const leave of [
        (socket: WebSocket) => socket.terminate(),
        (socket: WebSocket) => socket.close(1001),
        (socket: WebSocket) => socket.close(1011),
        (socket: WebSocket) => socket.close(4000)
      ]) {
        const { failure, stream } = yield* startCall(server)
        yield* Effect.sync(() => leave(stream.socket))
        assert.deepInclude(yield* failure, { _tag: "AgentLost", reason: "closed" })
      }
    })
  )

  it.live("passes on that the carrier's socket broke, and tells the bot to stop", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { failure, media, stream } = yield* startCall(server)
      const error = new TransportError({ reason: "silent-peer", message: "gone", code: 1006 })
      yield* media.break(error)
      assert.strictEqual(yield* failure, error)
      yield* stream.next("stop")
    })
  )

  it.live("loses audio, then the call, when it stops reading, and holds no memory for it", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { close, failure, media, running, stream } = yield* startCall(server, { limits: { stallMs: 200 } })
      yield* Effect.sync(() => stream.socket.pause())
      const second = new Uint8Array(8000)
      yield* Effect.sync(() => media.emit({ _tag: "Audio", chunk: second })).pipe(
        Effect.delay("1 millis"),
        Effect.repeat({ while: () => running.pollUnsafe() === undefined })
      )
      assert.deepInclude(yield* failure, { _tag: "AgentLost", reason: "stalled" })
      yield* close
      yield* Effect.sync(() => stream.socket.resume())
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("is cut off when it does not read what it is told", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { failure, media, stream } = yield* startCall(server, { limits: { maxUnreadBytes: 10_000 } })
      yield* Effect.sync(() => stream.socket.pause())
      const press = Effect.sync(() => {
        for (let n = 0; n < 500; n++) media.emit({ _tag: "Digit", digit: "5" })
      })
      const failing = yield* Effect.forkChild(failure)
      yield* Effect.repeat(Effect.delay(press, "1 millis"), { while: () => failing.pollUnsafe() === undefined })
      assert.deepInclude(yield* Fiber.join(failing), { reason: "stalled" })
    })
  )

  it.live("is not read while it is too far ahead; nothing is lost, and it is not taken for dead", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { media, running, speak, stream } = yield* startCall(server, { limits: { aheadMs: 2000, pingMs: 60 } })
      media.setRoom(3)
      const seconds = 120
      for (let n = 0; n < seconds * 4; n++) yield* speak(new Uint8Array(8000).fill(n % 256))
      yield* until(() => stream.socket.bufferedAmount > 0)
      const held = stream.socket.bufferedAmount
      yield* Effect.sleep("250 millis")
      assert.isAtLeast(stream.socket.bufferedAmount, held, "the bot's connection was read on")
      assert.strictEqual(media.played().length, 3)
      assert.isUndefined(running.pollUnsafe())
      media.setRoom(Number.POSITIVE_INFINITY)
      yield* until(() => media.byteCount() === seconds * 4 * 8000)
      const bytes = media.bytes()
      assert.isTrue(Array.from({ length: seconds * 4 }, (_, n) => bytes[n * 8000] === n % 256).every(Boolean))
    })
  )

  it.live("may send nonsense for a while, which is noted once for each reason", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { end, events, failure, mark, media, stream } = yield* startCall(server)
      yield* stream.say("nonsense")
      yield* stream.say("more nonsense")
      yield* stream.say({ event: "clear", streamSid: `MZ${"0".repeat(32)}` })
      yield* stream.say({ event: "dance" })
      yield* stream.say({ event: "dance" })
      yield* mark("still there")
      yield* stream.understood
      yield* media.letDrain
      yield* stream.next("mark")
      yield* until(() => events.length === 3)
      assert.deepStrictEqual(
        events.map(({ details, kind }) => [kind, details["reason"]]),
        [
          ["agent.message_ignored", "unreadable"],
          ["agent.message_ignored", "another_stream"],
          ["agent.message_ignored", "unknown_event"]
        ]
      )
      assert.isTrue(events.every(({ details }) => JSON.stringify(details["message"]).length > 40))
      for (let n = 0; n < 100; n++) yield* stream.say("nonsense")
      assert.deepInclude(yield* failure, { reason: "protocol-abuse" })
      assert.strictEqual((yield* stream.closed).code, 1008)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(end)))
    })
  )

  it.live("is lost when it floods us, and not for a mark behind each 20 ms of a long speech", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const chatty = yield* startCall(server)
      const frame = new Uint8Array(160)
      for (let n = 0; n < 5000; n++) {
        yield* chatty.speak(frame)
        yield* chatty.mark(String(n))
      }
      yield* until(() => chatty.media.byteCount() === 5000 * 160)
      assert.isUndefined(chatty.running.pollUnsafe())

      const flooding = [{ event: "clear" }, { event: "dance" }, { event: "media", media: { payload: "/w==" } }]
      for (const message of flooding) {
        const { failure, start, stream } = yield* startCall(server)
        for (let n = 0; n < 2000; n++) yield* stream.say({ ...message, streamSid: start.streamSid })
        assert.deepInclude(yield* failure, { reason: "protocol-abuse" })
      }
      const large = yield* startCall(server)
      for (let n = 0; n < 20; n++) yield* large.stream.say({ event: "dance", padding: "x".repeat(1_000_000) })
      assert.deepInclude(yield* large.failure, { reason: "protocol-abuse" })
    })
  )

  it.live("is cut off after a message of more than 1 MiB, and for text that is not UTF-8", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const large = yield* startCall(server)
      yield* large.speak(new Uint8Array(800_000))
      assert.deepInclude(yield* large.failure, { reason: "closed" })
      assert.strictEqual((yield* large.stream.closed).code, 1009)
      const garbled = yield* startCall(server)
      yield* Effect.sync(() => garbled.stream.socket.send(Uint8Array.of(0xff, 0xff), { binary: false }))
      assert.deepInclude(yield* garbled.failure, { reason: "closed" })
    })
  )

  it.live("is cut off when two pings stay unanswered", () =>
    Effect.gen(function* () {
      const server = yield* botServer({ autoPong: false })
      const { failure } = yield* startCall(server, { limits: { pingMs: 20 } })
      assert.deepInclude(yield* failure, { reason: "silent" })
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("cannot end the process through a defect of ours", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const { media, running, speak } = yield* startCall(server)
      media.fail(new Error("a bug"))
      yield* speak(Uint8Array.of(1))
      const exit = yield* Fiber.await(running)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )

  it.live("leaves nothing behind, however the call ends", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const scope = yield* Scope.make()
      const leg = yield* connect(server.url).pipe(Effect.provideService(Scope.Scope, scope))
      const media = yield* fakeTransport()
      const running = yield* Effect.forkScoped(leg.run(media.transport, memoryLine().line))
      const stream = yield* Queue.take(server.streams)
      yield* until(media.isHeard)
      yield* Fiber.interrupt(running)
      yield* stream.next("stop")
      assert.isFalse(media.isHeard())
      yield* leg.ended({ reason: "operator_ended", owner: "operator" })
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* stream.closed).code, 1000)
      yield* until(() => server.connections() === 0)
    })
  )
})
