import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TransportError } from "../../../src/Transport.ts"
import { until } from "../support/legs.ts"
import { apiKey, startCall } from "./calls.ts"
import { realtimeServer } from "./fakeServer.ts"
import { begin, delta, finish, respond } from "./script.ts"

const problem = { type: "invalid_request_error", code: "session_expired", param: null, event_id: null }

describe("trouble with a realtime model", () => {
  it.live("is lost when it closes in the middle of a call, and says what the API last said", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const expired = yield* startCall(server)
      const message = `Your session hit the maximum duration of 60 minutes. (${apiKey})`
      yield* expired.visit.emit({ type: "error", error: { ...problem, message } })
      yield* Effect.sync(() => expired.visit.socket.close(1001))
      const lost = yield* expired.failure
      assert.strictEqual(lost.reason, "closed")
      assert.include(lost.message, "60 minutes")
      assert.notInclude(lost.message + JSON.stringify(expired.events), apiKey)
      assert.deepInclude(expired.events[0], { kind: "agent.error" })

      const abrupt = yield* startCall(server)
      yield* Effect.sync(() => abrupt.visit.socket.terminate())
      assert.strictEqual((yield* abrupt.failure).reason, "closed")
    })
  )

  it.live("passes on that the carrier's socket broke", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { failure, media } = yield* startCall(server)
      const error = new TransportError({ reason: "silent-peer", message: "gone", code: 1006 })
      yield* media.break(error)
      assert.strictEqual(yield* failure, error)
    })
  )

  it.live("is written down, and the call goes on: errors, failed responses, what could not be transcribed", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { events, media, running, visit } = yield* startCall(server)
      yield* visit.emit({ type: "error", error: { ...problem, code: "weird", message: "Something is weird." } })
      yield* begin(visit, "resp_1")
      yield* visit.emit({
        type: "response.done",
        response: {
          id: "resp_1",
          status: "failed",
          status_details: { type: "failed", error: { type: "server_error", code: "rate_limit_exceeded" } }
        }
      })
      yield* visit.emit({
        type: "conversation.item.input_audio_transcription.failed",
        item_id: "item_1",
        content_index: 0,
        error: { code: "audio_unintelligible", message: "Not understood." }
      })
      yield* respond(visit, { response: "resp_2", item: "item_2", audio: new Uint8Array(160) })
      yield* until(() => media.byteCount() === 160)
      assert.isUndefined(running.pollUnsafe())
      assert.deepStrictEqual(events, [
        { kind: "agent.error", details: { code: "weird", message: "Something is weird." } },
        { kind: "agent.error", details: { code: "rate_limit_exceeded", message: "rate_limit_exceeded" } },
        { kind: "agent.error", details: { code: "audio_unintelligible", message: "Not understood." } }
      ])
    })
  )

  it.live("is lost when the API does not take the call's audio", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer({
        judge: ({ audio }) =>
          audio?.input?.format === undefined ? undefined : { ...problem, message: "There is no such format." }
      })
      const { failure } = yield* startCall(server)
      const lost = yield* failure
      assert.strictEqual(lost.reason, "closed")
      assert.include(lost.message, "There is no such format.")
    })
  )

  it.live("puts up with a message that makes no sense, but not with many", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const nonsense: ReadonlyArray<string | Uint8Array> = [
        "{",
        "7",
        '{"type":7}',
        '{"type":"response.created"}',
        '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","content_index":0,"delta":"!"}',
        '{"type":"response.output_item.done","item":{"type":"function_call"}}',
        Uint8Array.of(1, 2, 3)
      ]
      for (const each of nonsense) {
        const { close, events, failure, leg, media, running, visit } = yield* startCall(server)
        yield* visit.raw(each)
        yield* respond(visit, { response: "resp_1", item: "item_1", audio: new Uint8Array(160) })
        yield* until(() => media.byteCount() === 160)
        assert.isUndefined(running.pollUnsafe())
        assert.deepInclude(events[0]?.details, { code: "unreadable_message" })
        for (let n = 0; n < 100; n++) yield* visit.raw(each)
        assert.strictEqual((yield* failure).reason, "protocol-abuse", String(each))
        assert.lengthOf(
          events.filter(({ kind }) => kind === "agent.error"),
          1
        )
        yield* leg.ended({ reason: "agent_lost", owner: "agent" })
        assert.strictEqual((yield* visit.closed).code, 1008)
        yield* close
      }
    })
  )

  it.live("is lost when it floods us with events", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { failure, visit } = yield* startCall(server)
      for (let n = 0; n < 7000; n++) yield* visit.raw('{"type":"from.the.future"}')
      assert.strictEqual((yield* failure).reason, "protocol-abuse")
    })
  )

  it.live("fills neither the call's log nor our memory with errors", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { events, visit } = yield* startCall(server)
      for (let n = 0; n < 1000; n++)
        yield* visit.emit({ type: "error", error: { ...problem, message: "x".repeat(10_000) } })
      yield* visit.understood
      assert.isAtMost(events.length, 150)
      assert.isBelow(JSON.stringify(events[0]).length, 500)
    })
  )

  it.live("loses the caller's audio, then the call, when it does not read", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { close, failure, media, running, visit } = yield* startCall(server, { limits: { stallMs: 100 } })
      yield* Effect.sync(() => visit.socket.pause())
      const second = new Uint8Array(64_000)
      yield* Effect.sync(() => media.emit({ _tag: "Audio", chunk: second })).pipe(
        Effect.delay("1 millis"),
        Effect.repeat({ while: () => running.pollUnsafe() === undefined })
      )
      assert.strictEqual((yield* failure).reason, "stalled")
      yield* close
      yield* Effect.sync(() => visit.socket.resume())
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("is cut off when two pings stay unanswered", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer({ autoPong: false })
      const { failure } = yield* startCall(server, { limits: { pingMs: 20 } })
      assert.strictEqual((yield* failure).reason, "silent")
      yield* until(() => server.connections() === 0)
    })
  )

  it.live("is cut off with 1009 after a message that is too large", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { failure, visit } = yield* startCall(server, { limits: { maxMessageBytes: 100_000 } })
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_1", new Uint8Array(100_000))
      assert.strictEqual((yield* failure).reason, "closed")
      assert.strictEqual((yield* visit.closed).code, 1009)
    })
  )

  it.live("cannot end the process through a defect of ours", () =>
    Effect.gen(function* () {
      const server = yield* realtimeServer()
      const { media, running, visit } = yield* startCall(server)
      media.fail(new Error("a bug"))
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_1", new Uint8Array(160))
      yield* finish(visit, "resp_1")
      const exit = yield* Fiber.await(running)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )
})
