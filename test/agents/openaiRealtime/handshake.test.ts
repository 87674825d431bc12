import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import type { RealtimeError } from "openai/resources/realtime/realtime"
import { until } from "../support/legs.ts"
import { apiKey, connect, startCall } from "./calls.ts"
import { realtimeServer, type ServerOptions } from "./fakeServer.ts"

const unknownModel: RealtimeError = {
  type: "invalid_request_error",
  code: "model_not_found",
  message: "The model `gpt-unreal` does not exist or you do not have access to it.",
  param: null,
  event_id: null
}
const wrongKey: RealtimeError = {
  ...unknownModel,
  code: "invalid_api_key",
  message: "Incorrect API key provided: sk-test-****ghij. You can find your API key at the platform's site."
}

/** What becomes of a connection to a server like this, and the server. */
const refusedBy = Effect.fnUntraced(function* (options: ServerOptions) {
  const server = yield* realtimeServer(options)
  const failure = yield* Effect.flip(connect(server.url, { limits: { sessionMs: 100 } }))
  return { failure, server }
})

/** A connection to a silent server, whose side the test plays. */
const played = Effect.fnUntraced(function* () {
  const server = yield* realtimeServer({ isSilent: true })
  const outcome = yield* Effect.forkScoped(Effect.flip(connect(server.url)))
  const visit = yield* Queue.take(server.visits)
  yield* visit.nextOf("session.update")
  return { visit, failure: Fiber.join(outcome), server }
})

describe("opening a session with a realtime API", () => {
  it.live("gives the key in a header, the model in the query, and the settings before anything else", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { settings, visit } = yield* startCall(server, {
        settings: {
          url: `${server.url}?deployment=blue`,
          voice: "marin",
          instructions: "You are a receptionist.",
          turn_detection: "semantic_vad",
          eagerness: "high",
          noise_reduction: "near_field",
          speed: 1.1,
          max_output_tokens: 1000,
          reasoning_effort: "low",
          transcription_model: "gpt-transcribe",
          transcription_language: "nl",
          allow_transfer: true,
          allow_digits: true,
          tools: '[{"name":"look_up","description":"Looks up.","url":"https://tools.example/look-up"}]'
        }
      })
      assert.strictEqual(visit.headers.authorization, `Bearer ${apiKey}`)
      assert.strictEqual(visit.path, "/v1/realtime?deployment=blue&model=gpt-realtime-2.1")
      assert.deepInclude(settings, {
        type: "realtime",
        output_modalities: ["audio"],
        instructions: "You are a receptionist.",
        max_output_tokens: 1000,
        reasoning: { effort: "low" },
        tool_choice: "auto"
      })
      assert.deepStrictEqual(settings.audio, {
        input: {
          noise_reduction: { type: "near_field" },
          transcription: { model: "gpt-transcribe", language: "nl" },
          turn_detection: {
            type: "semantic_vad",
            create_response: true,
            interrupt_response: true,
            eagerness: "high"
          }
        },
        output: { voice: "marin", speed: 1.1 }
      })
      assert.deepStrictEqual(
        settings.tools?.map(({ name }) => name),
        ["end_call", "transfer_call", "send_digits", "look_up"]
      )
    })
  )

  it.live("offers a model no more than the settings allow", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const usual = yield* startCall(server)
      assert.deepStrictEqual(
        usual.settings.tools?.map(({ name }) => name),
        ["end_call"]
      )
      const bare = yield* startCall(server, { settings: { allow_end_call: false } })
      assert.isUndefined(bare.settings.tools)
      assert.isUndefined(bare.settings.tool_choice)
    })
  )

  it.live("needs no key on this machine", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      yield* connect(server.url, { isKeyless: true })
      assert.isUndefined((yield* Queue.take(server.visits)).headers.authorization)
    })
  )

  it.live("explains a wrong key, in HTTP or as an event, without a part of it", () =>
    Effect.gen(function* () {
      const body = JSON.stringify({ error: wrongKey })
      for (const options of [{ refuseWith: { status: 401, body } }, { judge: () => wrongKey }]) {
        const { failure } = yield* refusedBy(options)
        assert.strictEqual(failure.reason, "handshake-failed")
        assert.match(failure.message, /refused the key\. Enter a valid API key/)
        assert.notInclude(failure.message, "sk-")
        assert.notInclude(failure.message, "ghij")
      }
    })
  )

  it.live("passes on why the API refuses, but no key that it quotes", () =>
    Effect.gen(function* () {
      const quoting = { ...unknownModel, message: `${unknownModel.message} (${apiKey}, sk-proj-ab12)` }
      const body = JSON.stringify({ error: quoting })
      for (const options of [{ refuseWith: { status: 404, body } }, { judge: () => quoting }]) {
        const { failure } = yield* refusedBy(options)
        assert.strictEqual(failure.reason, "handshake-failed")
        assert.include(failure.message, "gpt-unreal")
        assert.notInclude(failure.message, "sk-")
      }
    })
  )

  it.live("is refused by an error before there is a session, and a close after it", () =>
    Effect.gen(function* () {
      const { failure, visit } = yield* played()
      yield* visit.emit({ type: "error", error: unknownModel })
      yield* Effect.sync(() => visit.socket.close(3000, "invalid_request_error.model_not_found"))
      assert.include((yield* failure).message, "gpt-unreal")
    })
  )

  for (const [status, hint] of [
    [403, "what the key may do"],
    [404, "URL and the model"],
    [429, "limit"],
    [302, "Redirects are not followed"],
    [503, "in a moment"]
  ] as const) {
    it.live(`says what to do about HTTP ${status}`, () =>
      Effect.gen(function* () {
        const { failure } = yield* refusedBy({ refuseWith: { status } })
        assert.strictEqual(failure.reason, "handshake-failed")
        assert.include(failure.message, String(status))
        assert.include(failure.message, hint)
      })
    )
  }

  it.live("reads no more than the beginning of an endless refusal", () =>
    Effect.gen(function* () {
      const { failure } = yield* refusedBy({ refuseWith: { status: 500, body: "x".repeat(1024 * 1024) } })
      assert.isBelow(failure.message.length, 200)
    })
  )

  it.live("does not wait for ever for a session", () =>
    Effect.gen(function* () {
      const { failure, server } = yield* refusedBy({ isSilent: true })
      assert.strictEqual(failure.reason, "handshake-timeout")
      assert.include(failure.message, "did not open a session within 100 ms")
      const visit = yield* Queue.take(server.visits)
      assert.strictEqual((yield* visit.closed).code, 1000)
    })
  )

  it.live("says so when there is a session but the settings are not taken", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer({ isSilent: true })
      const outcome = yield* Effect.forkScoped(Effect.flip(connect(server.url, { limits: { sessionMs: 200 } })))
      const visit = yield* Queue.take(server.visits)
      yield* visit.emit({ type: "session.created", session: { type: "realtime" } })
      const failure = yield* Fiber.join(outcome)
      assert.strictEqual(failure.reason, "handshake-timeout")
      assert.include(failure.message, "settings")
    })
  )

  it.live("explains a connection that closes, and one that speaks something else", () =>
    Effect.gen(function* () {
      const closing = yield* played()
      yield* Effect.sync(() => closing.visit.socket.close(3000, "invalid_request_error.no_such_thing"))
      const closed = yield* closing.failure
      assert.include(closed.message, "3000")
      assert.include(closed.message, "no_such_thing")

      const keyless = yield* played()
      yield* Effect.sync(() => keyless.visit.socket.close(3000, "invalid_request_error.invalid_api_key"))
      assert.include((yield* keyless.failure).message, "refused the key")

      for (const nonsense of ["{", "7", '{"type":"error"}', '{"type":"session.updated","session":[]}']) {
        const other = yield* played()
        yield* other.visit.raw(Uint8Array.of(1, 2))
        yield* other.visit.raw('{"type":"from.the.future"}')
        yield* other.visit.raw(nonsense)
        const failure = yield* other.failure
        assert.strictEqual(failure.reason, "handshake-failed")
        assert.include(failure.message, "unreadable")
      }
    })
  )

  it.live("leaves no connection behind when it is interrupted", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer({ isSilent: true })
      const connecting = yield* Effect.forkScoped(Effect.scoped(connect(server.url)))
      const visit = yield* Queue.take(server.visits)
      yield* visit.nextOf("session.update")
      yield* Fiber.interrupt(connecting)
      assert.strictEqual((yield* visit.closed).code, 1001)
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("says that stored settings are not valid any more", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(connect("ws://127.0.0.1:1", { settings: { tools: "[" } }))
      assert.include(failure.message, "save it again")
    })
  )
})
