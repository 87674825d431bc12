import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { makeMemory } from "../../../src/agents/openaiRealtime/memory.ts"
import { rig } from "../../transport/support/rig.ts"
import { someCall } from "../support/legs.ts"
import { startCall, startOn } from "./calls.ts"
import { realtimeServer } from "./fakeServer.ts"
import { begin, callerSpeaks, delta, respond, speak } from "./script.ts"

const settings = { greeting: "Say hello.", transcription_model: "t" }

describe("a realtime model whose connection was lost", () => {
  it.live("is told what was said and heard before, and speaks first", () =>
    Effect.gen(function* () {
      const memory = makeMemory()
      const server = yield* realtimeServer()
      const first = yield* startCall(server, { memory, settings })
      yield* first.visit.nextOf("response.create")
      yield* respond(first.visit, {
        response: "resp_1",
        item: "item_1",
        audio: new Uint8Array(800),
        words: "Hotel Anna, good evening."
      })
      yield* first.visit.understood
      yield* first.media.letDrain
      yield* first.visit.emit({
        type: "conversation.item.input_audio_transcription.completed",
        item_id: "item_caller",
        content_index: 0,
        transcript: "I want a room for tonight.",
        usage: { type: "duration", seconds: 1 }
      })
      yield* begin(first.visit, "resp_2")
      yield* speak(first.visit, { response: "resp_2", item: "item_2", audio: new Uint8Array(800), words: "Not heard." })
      yield* callerSpeaks(first.visit, "resp_2")
      yield* first.visit.nextOf("conversation.item.truncate")
      yield* Effect.sync(() => first.visit.socket.terminate())
      yield* first.failure
      yield* first.close

      const again = yield* startCall(server, { memory, settings, call: { attempt: 1 } })
      const items = [
        yield* again.visit.next,
        yield* again.visit.next,
        yield* again.visit.next,
        yield* again.visit.next
      ].flatMap((event) => (event.type === "conversation.item.create" ? [event.item] : []))
      assert.deepInclude(items[0], {
        role: "assistant",
        content: [{ type: "output_text", text: "Hotel Anna, good evening." }]
      })
      assert.deepInclude(items[1], {
        role: "user",
        content: [{ type: "input_text", text: "I want a room for tonight." }]
      })
      assert.deepInclude(items[2], { role: "system" })
      assert.lengthOf(items, 3)
      yield* again.visit.understood
      assert.strictEqual(again.visit.waiting(), 0, "there is one response, and no greeting")
      yield* again.leg.ended({ reason: "caller_hung_up", owner: "caller" })
      assert.strictEqual(memory.size(), 0)
    })
  )

  it.live("remembers a sentence that the loss cut short, as far as it was heard", () =>
    Effect.gen(function* () {
      const memory = makeMemory()
      const server = yield* realtimeServer()
      const { clock, transport } = yield* rig()
      const { events, failure, visit } = yield* startOn(server, transport, { memory })
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_1", new Uint8Array(16_000))
      yield* visit.emit({
        type: "response.output_audio_transcript.delta",
        response_id: "resp_1",
        item_id: "item_1",
        output_index: 0,
        content_index: 0,
        delta: "one two three four"
      })
      yield* visit.understood
      clock.advance(1000)
      yield* Effect.sync(() => visit.socket.terminate())
      yield* failure
      assert.deepStrictEqual(memory.recall(Redacted.value(someCall.resumeToken), 0), [
        { role: "assistant", text: "one two …" }
      ])
      assert.deepInclude(events[0]?.details, { text: "one two three four", interrupted: true, audio_ms: 2000 })
    })
  )
})

const remark = (text: string) => ({ role: "user", text }) as const

describe("the memory of conversations", () => {
  it("keeps the end of each, and forgets what is over", () => {
    const memory = makeMemory()
    for (let n = 0; n < 100; n++) memory.remember("a", remark(`remark ${n}`), n)
    memory.remember("b", remark("x".repeat(100_000)), 100)
    assert.lengthOf(memory.recall("a", 100), 40)
    assert.strictEqual(memory.recall("a", 100).at(-1)?.text, "remark 99")
    assert.strictEqual(memory.recall("b", 100)[0]?.text.length, 8_000)
    memory.remember("b", remark("y".repeat(5_000)), 100)
    assert.lengthOf(memory.recall("b", 100), 1)
    memory.forget("a")
    assert.deepStrictEqual(memory.recall("a", 100), [])
    assert.strictEqual(memory.size(), 1)
    memory.recall("c", 100 + 11 * 60_000)
    assert.strictEqual(memory.size(), 0)
  })
})
