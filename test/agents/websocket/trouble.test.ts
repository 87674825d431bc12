import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TransportError } from "../../../src/Transport.ts"
import { agentServer } from "../support/agentServer.ts"
import { startCall, until } from "../support/legs.ts"

const mulaw = { settings: { encoding: "mulaw" } } as const

describe("trouble with a WebSocket agent", () => {
  it.live("is lost when it closes in the middle of a call", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const orderly = yield* startCall(server)
      yield* Effect.sync(() => orderly.visit.socket.close(1000))
      assert.strictEqual((yield* orderly.failure)._tag, "AgentLost")
      const abrupt = yield* startCall(server)
      yield* Effect.sync(() => abrupt.visit.socket.terminate())
      const failure = yield* abrupt.failure
      assert.strictEqual(failure.reason, "closed")
    })
  )

  it.live("is lost when it closed before the audio began", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { failure, visit } = yield* startCall(server)
      yield* Effect.sync(() => visit.socket.terminate())
      assert.strictEqual((yield* failure).reason, "closed")
    })
  )

  it.live("passes on that the carrier's socket broke", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { failure, media } = yield* startCall(server)
      const error = new TransportError({ reason: "silent-peer", message: "gone", code: 1006 })
      yield* media.break(error)
      assert.strictEqual(yield* failure, error)
    })
  )

  it.live("loses audio, then the call, when it stops reading, and holds no memory for it", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { close, failure, media, running, visit } = yield* startCall(server, {
        settings: { sample_rate: 48000 },
        limits: { stallMs: 200 }
      })
      yield* Effect.sync(() => visit.socket.pause())
      const second = new Uint8Array(8000)
      const flood = Effect.sync(() => media.emit({ _tag: "Audio", chunk: second })).pipe(
        Effect.delay("1 millis"),
        Effect.repeat({ while: () => running.pollUnsafe() === undefined })
      )
      yield* flood
      assert.strictEqual((yield* failure).reason, "stalled")
      yield* close
      yield* Effect.sync(() => visit.socket.resume())
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("is not read while the phone is behind; nothing is lost, and a waiting agent is not taken for dead", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, running, visit } = yield* startCall(server, { ...mulaw, limits: { pingMs: 60 } })
      media.setRoom(3)
      const block = 64 * 1024
      const blocks = 150
      for (let n = 0; n < blocks; n++) yield* visit.speak(new Uint8Array(block).fill(n))
      yield* until(() => visit.socket.bufferedAmount > 0)
      // The network's own buffers may still grow a little.
      yield* Effect.suspend(() => {
        const held = visit.socket.bufferedAmount
        return Effect.delay(
          Effect.sync(() => visit.socket.bufferedAmount === held),
          "250 millis"
        )
      }).pipe(Effect.repeat({ until: (isHeld) => isHeld, times: 8 }))
      assert.isAbove(visit.socket.bufferedAmount, 0, "the agent's connection was read on")
      assert.strictEqual(media.played().length, 3)
      assert.isUndefined(running.pollUnsafe())
      media.setRoom(Number.POSITIVE_INFINITY)
      yield* until(() => media.byteCount() === block * blocks)
      const bytes = media.bytes()
      assert.isTrue(
        Array.from({ length: blocks }, (_, n) => bytes[n * block] === n && bytes[(n + 1) * block - 1] === n).every(
          Boolean
        )
      )
      assert.isTrue(media.played().every((chunk) => chunk.length <= 8000))
    })
  )

  it.live("can interrupt itself although its audio waits for room", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, visit } = yield* startCall(server, mulaw)
      media.setRoom(1)
      yield* visit.speak(new Uint8Array(20_000))
      yield* visit.say({ type: "clear" })
      yield* visit.nextOf("cleared")
      yield* visit.speak(Uint8Array.of(1, 2, 3))
      yield* until(() => media.bytes().length > 0)
      assert.deepStrictEqual(Array.from(media.bytes()), [1, 2, 3])
    })
  )

  it.live("is told what could not be read, and is lost when it goes on", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { close, failure, leg, visit } = yield* startCall(server, {
        refusals: { digits: { reason: "digits_not_supported", message: "not here" } }
      })
      for (const nonsense of [
        "{",
        "7",
        '{"type":7}',
        '{"type":"mark"}',
        `{"type":"mark","name":"${"x".repeat(129)}"}`
      ]) {
        yield* visit.say(nonsense)
        const { code, message } = yield* visit.nextOf("error")
        assert.strictEqual(code, "unreadable_message")
        assert.isAbove(message.length, 20)
      }
      yield* visit.say({ type: "digits", digits: "12", padding: "x".repeat(65 * 1024) })
      assert.strictEqual((yield* visit.nextOf("error")).code, "message_too_large")
      yield* visit.say({ type: "from.the.future" })
      yield* visit.say({ type: "digits", digits: "1" })
      assert.strictEqual((yield* visit.nextOf("error")).code, "digits_not_supported")

      for (let n = 0; n < 100; n++) yield* visit.say("nonsense")
      assert.strictEqual((yield* failure).reason, "protocol-abuse")
      yield* leg.ended({ reason: "agent_lost", owner: "agent" })
      yield* visit.nextOf("call.end")
      assert.strictEqual((yield* visit.closed).code, 1008)
      yield* close
    })
  )

  it.live("is lost when it floods us with control messages", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { failure, visit } = yield* startCall(server)
      for (let n = 0; n < 1500; n++) yield* visit.say({ type: "mark", name: "again" })
      assert.strictEqual((yield* failure).reason, "protocol-abuse")
    })
  )

  it.live("may cut its audio in the middle of a sample, and a clear forgets the half", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, visit } = yield* startCall(server, {
        settings: { sample_rate: 8000 },
        media: { format: { encoding: "pcm_s16le", sampleRate: 8000 } }
      })
      for (const piece of [[1, 2, 3], [], [4], [5], [6, 7, 8, 9]]) yield* visit.speak(Uint8Array.from(piece))
      yield* visit.understood
      assert.deepStrictEqual(Array.from(media.bytes()), [1, 2, 3, 4, 5, 6, 7, 8])
      assert.isTrue(media.played().every((chunk) => chunk.length % 2 === 0))
      yield* visit.say({ type: "clear" })
      yield* visit.speak(Uint8Array.of(10, 11))
      yield* visit.understood
      assert.deepStrictEqual(Array.from(media.bytes()), [10, 11])
    })
  )

  it.live("is cut off when it goes on asking and does not read the answers", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { failure, media, visit } = yield* startCall(server, { limits: { maxUnreadBytes: 10_000 } })
      yield* Effect.sync(() => visit.socket.pause())
      const press = Effect.sync(() => {
        for (let n = 0; n < 500; n++) media.emit({ _tag: "Digit", digit: "5" })
      })
      const failing = yield* Effect.forkChild(failure)
      yield* Effect.repeat(Effect.delay(press, "1 millis"), { while: () => failing.pollUnsafe() === undefined })
      assert.strictEqual((yield* Fiber.join(failing)).reason, "stalled")
    })
  )

  it.live("is cut off with 1009 after a message of more than 1 MiB", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { failure, visit } = yield* startCall(server)
      yield* visit.speak(new Uint8Array(1024 * 1024 + 1))
      assert.strictEqual((yield* failure).reason, "closed")
      assert.strictEqual((yield* visit.closed).code, 1009)
    })
  )

  it.live("cannot end the process through a defect of ours", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { media, running, visit } = yield* startCall(server, mulaw)
      media.fail(new Error("a bug"))
      yield* visit.speak(Uint8Array.of(1))
      const exit = yield* Fiber.await(running)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )

  it.live("is cut off with 1007 when its text is not UTF-8", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const { failure, visit } = yield* startCall(server)
      yield* Effect.sync(() => visit.socket.send(Uint8Array.of(0xff, 0xff), { binary: false }))
      assert.strictEqual((yield* failure).reason, "closed")
      assert.strictEqual((yield* visit.closed).code, 1007)
    })
  )

  it.live("is cut off when two pings stay unanswered, and lives on while it answers", () =>
    Effect.gen(function* () {
      const silent = yield* agentServer({ autoPong: false })
      const lost = yield* startCall(silent, { limits: { pingMs: 20 } })
      assert.strictEqual((yield* lost.failure).reason, "silent")
      yield* until(() => silent.connections() === 0)

      const lively = yield* agentServer()
      const alive = yield* startCall(lively, { limits: { pingMs: 10 } })
      let pings = 0
      alive.visit.socket.on("ping", () => {
        pings += 1
      })
      yield* until(() => pings > 10)
      assert.isUndefined(alive.running.pollUnsafe())
    })
  )
})
