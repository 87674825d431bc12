import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import { agentServer } from "../support/agentServer.ts"
import { connect, secret, until } from "../support/legs.ts"

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

/** What becomes of a connection to which the agent answers `call.start` with this. */
const answered = Effect.fnUntraced(function* (answer: unknown, attempt = 0) {
  const server = yield* agentServer()
  const outcome = yield* Effect.forkScoped(Effect.flip(connect(server.url, {}, {}, attempt)))
  const visit = yield* Queue.take(server.visits)
  yield* visit.nextOf("call.start")
  yield* visit.say(answer)
  return { failure: yield* Fiber.join(outcome), closed: yield* visit.closed }
})

describe("connecting to a WebSocket agent", () => {
  it.live("asks nobody else for the address than the guard", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const url = server.url.replace("127.0.0.1", "agent.switchboard.invalid")
      yield* Effect.forkScoped(connect(url))
      const visit = yield* Queue.take(server.visits)
      assert.match(visit.headers.host ?? "", /^agent\.switchboard\.invalid:\d+$/)
    })
  )

  it.live("hears a refusal and its reason", () =>
    Effect.gen(function* () {
      const { closed, failure } = yield* answered({ type: "call.refuse", reason: "no model is free" })
      assert.strictEqual(failure.reason, "refused-call")
      assert.include(failure.message, "no model is free")
      assert.strictEqual(closed.code, 1000)
    })
  )

  it.live("hears a refusal of a call that comes back, too", () =>
    Effect.gen(function* () {
      const { closed, failure } = yield* answered({ type: "call.refuse", reason: "unknown token" }, 1)
      assert.strictEqual(failure.reason, "refused-call")
      assert.include(failure.message, "unknown token")
      assert.strictEqual(closed.code, 1000)
    })
  )

  it.live("ignores messages that it does not know while it waits", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const connecting = yield* Effect.forkScoped(connect(server.url))
      const visit = yield* Queue.take(server.visits)
      yield* visit.say({ type: "hello", from: "the future" })
      yield* visit.speak(new Uint8Array(320))
      yield* visit.say({ type: "call.accept" })
      yield* Fiber.join(connecting)
    })
  )

  for (const [name, answer, why] of [
    ["no JSON", "{", "not JSON"],
    ["no object", "[]", "not an object"],
    [
      "an audio format that it cannot have",
      { type: "call.accept", audio: { encoding: "opus", sample_rate: 48000 } },
      "audio"
    ],
    ["G.711 at another rate", { type: "call.accept", audio: { encoding: "mulaw", sample_rate: 16000 } }, "8000"],
    ["a name that is too long", { type: "call.accept", agent: { name: "x".repeat(129) } }, "call.accept: agent.name"],
    ["a text of more than 64 KiB", { type: "call.accept", padding: "x".repeat(65 * 1024) }, "too large"]
  ] as const) {
    it.live(`does not take ${name} for an answer`, () =>
      Effect.gen(function* () {
        const { closed, failure } = yield* answered(answer)
        assert.strictEqual(failure.reason, "handshake-failed")
        assert.include(failure.message, why)
        assert.strictEqual(closed.code, 1002)
      })
    )
  }

  it.live("does not wait for ever for an answer", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const failure = yield* Effect.flip(connect(server.url, { acceptMs: 50 }))
      assert.strictEqual(failure.reason, "handshake-timeout")
      const visit = yield* Queue.take(server.visits)
      assert.strictEqual((yield* visit.closed).code, 1002)
    })
  )

  it.live("says so when the agent closes before it took the call", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const outcome = yield* Effect.forkScoped(Effect.flip(connect(server.url)))
      const visit = yield* Queue.take(server.visits)
      yield* Effect.sync(() => visit.socket.close(4001, "no"))
      const failure = yield* Fiber.join(outcome)
      assert.strictEqual(failure.reason, "handshake-failed")
      assert.include(failure.message, "4001")
    })
  )

  for (const [status, hint] of [
    [401, "secret"],
    [404, "path"],
    [302, "Redirects are not followed"]
  ] as const) {
    it.live(`explains HTTP ${status} and tries nothing else`, () =>
      Effect.gen(function* () {
        const server = yield* agentServer({ refuseWith: status })
        const failure = yield* Effect.flip(connect(`${server.url}?token=in-the-query`))
        assert.strictEqual(failure.reason, "handshake-failed")
        assert.include(failure.message, String(status))
        assert.include(failure.message, hint)
        assert.notInclude(failure.message, "in-the-query")
        assert.notInclude(failure.message, secret)
      })
    )
  }

  it.live("wants the subprotocol to be agreed on", () =>
    Effect.gen(function* () {
      const server = yield* agentServer({ subprotocol: false })
      const failure = yield* Effect.flip(connect(server.url))
      assert.strictEqual(failure.reason, "handshake-failed")
      assert.include(failure.message, "switchboard.v1")
    })
  )

  it.live("explains an agent that does not run", () =>
    Effect.gen(function* () {
      const server = yield* Effect.scoped(agentServer())
      const failure = yield* Effect.flip(connect(server.url))
      assert.strictEqual(failure.reason, "connect-failed")
      assert.include(failure.message, "ECONNREFUSED")
    })
  )

  it.live("gives up on a port that takes the connection and stays silent", () =>
    Effect.gen(function* () {
      const { port } = yield* silentPort
      const failure = yield* Effect.flip(connect(`ws://127.0.0.1:${port}`, { connectMs: 50 }))
      assert.strictEqual(failure.reason, "connect-failed")
      assert.include(failure.message, "50 ms")
    })
  )

  it.live("leaves no connection behind when it is interrupted", () =>
    Effect.gen(function* () {
      const server = yield* agentServer()
      const connecting = yield* Effect.forkScoped(Effect.scoped(connect(server.url)))
      const visit = yield* Queue.take(server.visits)
      yield* visit.nextOf("call.start")
      yield* Fiber.interrupt(connecting)
      assert.strictEqual((yield* visit.closed).code, 1001)
      yield* until(() => server.connections() === 0)
    })
  )
})
