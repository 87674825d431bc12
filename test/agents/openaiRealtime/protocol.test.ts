import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import type { RealtimeClientEvent } from "openai/resources/realtime/realtime"
import {
  appendHead,
  appendTail,
  type ClientEvent,
  type Item,
  type Session
} from "../../../src/agents/openaiRealtime/clientEvents.ts"
import { readEvent, readTypes } from "../../../src/agents/openaiRealtime/serverEvents.ts"
import { sessionOf, spokenFormat } from "../../../src/agents/openaiRealtime/session.ts"
import { base64Message } from "../../../src/transport/base64Message.ts"
import { decodeClientEvent } from "./clientSchema.ts"
import { serverFixtures } from "./serverFixtures.ts"

/** What we send is what is published: the compiler checks it here. */
const published = (event: ClientEvent): RealtimeClientEvent => event

const items: ReadonlyArray<Item> = [
  {
    type: "message",
    id: "sb_item_1",
    role: "user",
    content: [{ type: "input_text", text: "(The caller pressed 5.)" }]
  },
  { type: "message", id: "sb_item_2", role: "system", content: [{ type: "input_text", text: "Go on." }] },
  { type: "message", id: "sb_item_3", role: "assistant", content: [{ type: "output_text", text: "Hello." }] },
  { type: "function_call_output", id: "sb_item_4", call_id: "call_1", output: "{}" }
]
const sessions: ReadonlyArray<Session> = [
  sessionOf({ model: "m" }),
  sessionOf(
    { model: "m", voice: "marin", silence_ms: 300, allow_transfer: true, noise_reduction: "far_field" },
    {
      input: spokenFormat({ encoding: "mulaw", sampleRate: 8000 }).api,
      output: spokenFormat({ encoding: "pcm_s16le", sampleRate: 16000 }).api
    }
  )
]
const sent: ReadonlyArray<ClientEvent> = [
  ...items.map((item) => ({ type: "conversation.item.create", event_id: "sb_event_1", item }) as const),
  ...sessions.map((session) => ({ type: "session.update", event_id: "sb_event_2", session }) as const),
  {
    type: "conversation.item.truncate",
    event_id: "sb_event_3",
    item_id: "item_1",
    content_index: 0,
    audio_end_ms: 1500
  },
  { type: "response.create", event_id: "sb_event_4" },
  { type: "response.create", event_id: "sb_event_5", response: { instructions: "Greet." } },
  { type: "response.cancel", event_id: "sb_event_6" },
  { type: "response.cancel", event_id: "sb_event_7", response_id: "resp_1" }
]

describe("the realtime protocol", () => {
  it("is spoken as it is published", () => {
    for (const event of sent.map(published)) {
      const read = decodeClientEvent(JSON.stringify(event))
      assert.isTrue(Result.isSuccess(read), `${JSON.stringify(event)}: ${String(read)}`)
    }
  })

  it("carries audio in base64, whatever its length", () => {
    const append = base64Message(appendHead, appendTail)
    for (let length = 0; length < 8; length++) {
      const audio = Uint8Array.from({ length }, (_, i) => 250 + i)
      const read = decodeClientEvent(Buffer.from(append(audio).data).toString("utf8"))
      assert.isTrue(Result.isSuccess(read))
      if (!Result.isSuccess(read) || read.success.type !== "input_audio_buffer.append") return assert.fail()
      assert.deepStrictEqual(Buffer.from(read.success.audio, "base64"), Buffer.from(audio))
    }
  })

  it("takes G.711 as it is, and everything else as linear PCM at 24 kHz", () => {
    const pcm = { type: "audio/pcm", rate: 24000 } as const
    assert.deepStrictEqual(spokenFormat({ encoding: "mulaw", sampleRate: 8000 }).api, { type: "audio/pcmu" })
    assert.deepStrictEqual(spokenFormat({ encoding: "alaw", sampleRate: 8000 }).api, { type: "audio/pcma" })
    assert.deepStrictEqual(spokenFormat({ encoding: "mulaw", sampleRate: 16000 }).api, pcm)
    for (const encoding of ["pcm_s16le", "pcm_s16be"] as const)
      for (const sampleRate of [8000, 16000, 24000, 48000] as const)
        assert.deepStrictEqual(spokenFormat({ encoding, sampleRate }), {
          api: pcm,
          format: { encoding: "pcm_s16le", sampleRate: 24000 }
        })
  })

  it("is understood as far as it concerns a call, and the rest of it is ignored", () => {
    for (const [type, event] of Object.entries(serverFixtures)) {
      const read = readEvent(JSON.stringify(event))
      if (!readTypes.has(type)) assert.deepStrictEqual(read, { _tag: "Ignored" }, type)
      else {
        assert.strictEqual(read._tag, "Event", `${type}: ${JSON.stringify(read)}`)
        if (read._tag === "Event") assert.deepInclude<unknown>(event, { type: read.event.type })
      }
    }
    assert.sameMembers(
      Object.keys(serverFixtures).filter((type) => readTypes.has(type)),
      Array.from(readTypes),
      "a type that is read is not published"
    )
  })

  it("loses nothing that is needed", () => {
    const call = readEvent(JSON.stringify(serverFixtures["response.output_item.done"]))
    assert.deepInclude(call, { _tag: "Event" })
    if (call._tag === "Event" && call.event.type === "response.output_item.done")
      assert.deepStrictEqual(call.event.item, {
        type: "function_call",
        status: "completed",
        name: "look_up",
        call_id: "call_1",
        arguments: '{"number":"7"}'
      })
    const update = readEvent(JSON.stringify(serverFixtures["session.updated"]))
    if (update._tag !== "Event" || update.event.type !== "session.updated") return assert.fail()
    assert.isTrue(update.event.session.audio?.input?.turn_detection?.interrupt_response)
  })

  it("survives any text and any JSON", () => {
    fc.assert(fc.property(fc.string(), (text) => ["Unreadable", "Ignored"].includes(readEvent(text)._tag)))
    fc.assert(fc.property(fc.json(), (text) => ["Unreadable", "Ignored"].includes(readEvent(text)._tag)))
    fc.assert(
      fc.property(
        fc.constantFrom(...readTypes),
        fc.dictionary(
          fc.constantFrom("item", "item_id", "error", "response", "session", "delta", "content_index", "response_id"),
          fc.jsonValue()
        ),
        (type, rest) => ["Unreadable", "Event"].includes(readEvent(JSON.stringify({ ...rest, type }))._tag)
      )
    )
  })

  it("survives events of which something is missing", () => {
    const paths = Object.values(serverFixtures).flatMap((event) =>
      Object.keys(event).map((key) => [event, key] as const)
    )
    for (const [event, key] of paths) {
      const { [key]: _, ...rest } = Object.fromEntries(Object.entries(event))
      assert.include(["Event", "Ignored", "Unreadable"], readEvent(JSON.stringify(rest))._tag)
    }
  })
})
