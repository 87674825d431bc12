import { assert, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Queue, Stream } from "effect"
import type { Cause } from "effect"
import { TestClock } from "effect/testing"
import { liveEvents } from "../../src/api/liveEvents.ts"
import type { CallEvent } from "../../src/telephony/CallHistory.ts"

const event = (sequence: number): CallEvent => ({
  sequence,
  source: "agent",
  kind: "said",
  payload: { text: "a\nb" },
  occurredAt: DateTime.makeUnsafe("2026-03-01T10:00:00Z")
})
const data =
  '{"sequence":7,"source":"agent","kind":"said","payload":{"text":"a\\nb"},"occurred_at":"2026-03-01T10:00:00.000Z"}'

it.effect("a live log begins at once, says something while nothing happens, and ends with its call", () =>
  Effect.gen(function* () {
    const events = yield* Queue.bounded<CallEvent, Cause.Done>(8)
    const { headers, body } = liveEvents(Stream.fromQueue(events), "15 seconds")
    assert.deepInclude(headers, { "cache-control": "no-store", "x-accel-buffering": "no" })
    if (body._tag !== "Stream") return yield* Effect.die("no stream")
    assert.strictEqual(body.contentType, "text/event-stream")
    const sent: Array<string> = []
    const decoder = new TextDecoder()
    const reading = yield* Effect.forkChild(
      Stream.runForEach(body.stream, (chunk) => Effect.sync(() => void sent.push(decoder.decode(chunk))))
    )
    yield* TestClock.adjust("1 millis")
    assert.deepStrictEqual(sent, [": keep-alive\n\n"])
    yield* TestClock.adjust("31 seconds")
    assert.deepStrictEqual(
      sent,
      Array.from({ length: 3 }, () => ": keep-alive\n\n")
    )
    yield* Queue.offer(events, event(7))
    yield* TestClock.adjust("1 millis")
    assert.strictEqual(sent.at(-1), `id: 7\nevent: call.event\ndata: ${data}\n\n`)
    yield* Queue.end(events)
    yield* Fiber.join(reading)
  })
)
