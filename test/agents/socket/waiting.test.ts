import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import type { AgentLeg, AgentLost } from "../../../src/agents/AgentSpec.ts"
import { maxHeldBytes } from "../../../src/agents/socket/hold.ts"
import { connect as connectModel } from "../openaiRealtime/calls.ts"
import { realtimeServer } from "../openaiRealtime/fakeServer.ts"
import { agentServer, type ServerOptions } from "../support/agentServer.ts"
import { fakeTransport } from "../support/fakeTransport.ts"
import { connect, memoryLine, until } from "../support/legs.ts"
import { botServer } from "../twilioStream/support/botServer.ts"
import { connect as connectBot, streamedCall } from "../twilioStream/support/streams.ts"

const mulaw = { type: "call.accept", audio: { encoding: "mulaw", sample_rate: 8000 } }

/** An agent that took the call; there is no audio yet. */
const taken = Effect.fnUntraced(function* (options: ServerOptions = {}, limits: Parameters<typeof connect>[1] = {}) {
  const server = yield* agentServer(options)
  const connecting = yield* Effect.forkScoped(connect(server.url, limits))
  const visit = yield* Queue.take(server.visits)
  yield* visit.nextOf("call.start")
  yield* visit.say(mulaw)
  const leg = yield* Fiber.join(connecting)
  return { leg, server, visit }
})

const lossOf = ({ waiting = Effect.never }: AgentLeg): Effect.Effect<AgentLost> => Effect.flip(waiting)

/** Joins it with audio that plays everything. */
const join = Effect.fnUntraced(function* (leg: AgentLeg) {
  const media = yield* fakeTransport()
  const { line } = memoryLine()
  const running = yield* Effect.forkScoped(leg.run(media.transport, line), { startImmediately: true })
  return { media, running }
})

describe("an agent that waits for its call's audio", () => {
  it.live("is lost when it leaves two pings unanswered, or closes", () =>
    Effect.gen(function* () {
      const silent = yield* taken({ autoPong: false }, { pingMs: 20 })
      assert.strictEqual((yield* lossOf(silent.leg)).reason, "silent")
      const closing = yield* taken()
      const watching = yield* Effect.forkScoped(lossOf(closing.leg))
      yield* Effect.sync(() => closing.visit.socket.close(1011))
      const lost = yield* Fiber.join(watching)
      assert.deepInclude(lost, { reason: "closed" })
      assert.include(lost.message, "1011")
      assert.strictEqual((yield* lossOf(closing.leg)).reason, "closed")
    })
  )

  it.live("has its own pings answered, and is read only up to a bound", () =>
    Effect.gen(function* () {
      const { leg, visit } = yield* taken({}, { pingMs: 20 })
      const watching = yield* Effect.forkScoped(lossOf(leg))
      yield* visit.understood
      for (let sent = 0; sent <= maxHeldBytes; sent += 64 * 1024) yield* visit.speak(new Uint8Array(64 * 1024))
      let isAnswered = false
      yield* Effect.forkScoped(Effect.tap(visit.understood, () => Effect.sync(() => (isAnswered = true))))
      // It is not taken for dead meanwhile: ten times the time that silence is given.
      yield* Effect.sleep("400 millis")
      assert.isFalse(isAnswered)
      assert.isUndefined(watching.pollUnsafe())
      yield* Fiber.interrupt(watching)
      const { media } = yield* join(leg)
      yield* until(() => isAnswered)
      yield* until(media.isHeard)
    })
  )

  it.live("that says something and hangs up at once is heard to its end, as if the audio had been there", () =>
    Effect.gen(function* () {
      const { leg, server, visit } = yield* taken()
      yield* visit.speak(new Uint8Array(800).fill(0x21))
      yield* visit.say({ type: "hangup" })
      yield* Effect.sync(() => visit.socket.close(1000))
      yield* until(() => server.connections() === 0)
      const { media, running } = yield* join(leg)
      yield* media.letDrain
      assert.deepStrictEqual(yield* Fiber.join(running), { _tag: "HangUp", drain: true })
      assert.isAbove(media.byteCount(), 780)
    })
  )

  it.live("and is a bot gets no start before the audio on a call that we place, and at once on one that comes in", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const leg = yield* connectBot(server.url, {}, undefined, { ...streamedCall, direction: "outbound" })
      const stream = yield* Queue.take(server.streams)
      yield* stream.next("connected")
      yield* stream.understood
      assert.lengthOf(stream.messages(), 1)
      yield* join(leg)
      yield* stream.next("start")
      assert.lengthOf(
        stream.messages().filter(({ event }) => event === "start"),
        1
      )

      const never = yield* connectBot(server.url, {}, undefined, { ...streamedCall, direction: "outbound" })
      const second = yield* Queue.take(server.streams)
      yield* never.ended({ reason: "no_answer", owner: "callee" })
      assert.strictEqual((yield* second.closed).code, 1000)
      assert.deepStrictEqual(
        second.messages().map(({ event }) => event),
        ["connected"]
      )

      yield* connectBot(server.url)
      yield* (yield* Queue.take(server.streams)).next("start")
    })
  )

  it.live("and is a bot is lost when it breaks off, but not when it closes in good order: that ends the call", () =>
    Effect.gen(function* () {
      const server = yield* botServer()
      const breaking = yield* connectBot(server.url)
      const first = yield* Queue.take(server.streams)
      yield* Effect.sync(() => first.socket.terminate())
      assert.strictEqual((yield* lossOf(breaking)).reason, "closed")

      const leaving = yield* connectBot(server.url)
      const watching = yield* Effect.forkScoped(lossOf(leaving))
      const second = yield* Queue.take(server.streams)
      yield* Effect.sync(() => second.socket.close(1000))
      yield* until(() => server.connections() === 0)
      const { running } = yield* join(leaving)
      assert.strictEqual((yield* Fiber.join(running))._tag, "HangUp")
      assert.isUndefined(watching.pollUnsafe())
    })
  )

  it.live("and is a model has its settings and says nothing", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const leg = yield* connectModel(server.url, { settings: { greeting: "Say hello." } })
      const visit = yield* Queue.take(server.visits)
      assert.strictEqual((yield* visit.next).type, "session.update")
      yield* visit.understood
      assert.strictEqual(visit.waiting(), 0)
      const watching = yield* Effect.forkScoped(lossOf(leg))
      yield* Effect.sync(() => visit.socket.close(1011))
      assert.strictEqual((yield* Fiber.join(watching)).reason, "closed")
    })
  )
})
