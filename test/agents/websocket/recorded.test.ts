import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Queue, Schema } from "effect"
import { root } from "../../support/imports.ts"
import { agentServer } from "../support/agentServer.ts"
import { fakeTransport } from "../support/fakeTransport.ts"
import { connect, memoryLine, until } from "../support/legs.ts"

const Message = Schema.Record(Schema.String, Schema.Json)
const Bytes = Schema.Uint8ArrayFromBase64

/** One line of a recorded conversation: what each side did, in the order in which it happened. */
const Line = Schema.Union([
  Schema.Struct({ from: Schema.Literal("switchboard"), header: Schema.String, value: Schema.String }),
  Schema.Struct({ from: Schema.Literals(["switchboard", "agent"]), message: Message }),
  Schema.Struct({ from: Schema.Literals(["switchboard", "agent", "phone"]), audio: Bytes }),
  Schema.Struct({ from: Schema.Literal("switchboard"), close: Schema.Int }),
  Schema.Struct({ from: Schema.Literal("phone"), digit: Schema.String, durationMs: Schema.Finite }),
  Schema.Struct({ from: Schema.Literal("phone"), drained: Schema.Literal(true) }),
  Schema.Struct({
    from: Schema.Literal("phone"),
    ended: Schema.Struct({ reason: Schema.String, owner: Schema.String })
  })
])
const readLine = Schema.decodeUnknownSync(Schema.fromJsonString(Line))

const recorded = (name: string) =>
  readFileSync(join(root, "test/agents/websocket/recorded", name), "utf8")
    .trim()
    .split("\n")
    .map((line) => readLine(line))

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** What an agent that knows only the recorded fields sees of a message. */
const knownPart = (message: unknown, known: unknown): unknown =>
  isObject(message) && isObject(known) && !Array.isArray(known)
    ? Object.fromEntries(
        Object.keys(known).flatMap((key) =>
          Reflect.has(message, key) ? [[key, knownPart(Reflect.get(message, key), Reflect.get(known, key))]] : []
        )
      )
    : message

describe("an agent written for an earlier shape of the protocol", () => {
  it.live("has the very conversation that it had before calls could come back", () =>
    Effect.gen(function* () {
      const lines = recorded("before-resume.jsonl")
      const server = yield* agentServer()
      const media = yield* fakeTransport()
      const { events, line } = memoryLine({
        transfer: "not_supported",
        digits: { reason: "digits_not_supported", message: "not here" }
      })
      const call = Effect.gen(function* () {
        const leg = yield* connect(server.url, {}, { encoding: "mulaw" })
        return { leg, running: yield* Effect.forkScoped(leg.run(media.transport, line)) }
      })
      const calling = yield* Effect.forkScoped(call)
      const visit = yield* Queue.take(server.visits)
      let heard = 0

      for (const each of lines) {
        if ("header" in each) assert.strictEqual(visit.headers[each.header], each.value)
        else if ("message" in each && each.from === "agent") yield* visit.say(each.message)
        else if ("message" in each) {
          const said = yield* visit.next
          assert.deepStrictEqual(knownPart(said, each.message), each.message)
        } else if ("audio" in each && each.from === "agent") yield* visit.speak(each.audio)
        else if ("audio" in each && each.from === "phone") {
          yield* until(media.isHeard)
          media.emit({ _tag: "Audio", chunk: each.audio })
        } else if ("audio" in each) {
          const end = heard + each.audio.length
          yield* until(() => visit.heard().length >= end)
          assert.deepStrictEqual(visit.heard().subarray(heard, end), Buffer.from(each.audio))
          heard = end
        } else if ("digit" in each) media.emit({ _tag: "Digit", digit: each.digit, durationMs: each.durationMs })
        else if ("drained" in each) {
          yield* visit.understood
          yield* media.letDrain
          assert.deepStrictEqual(yield* Fiber.join((yield* Fiber.join(calling)).running), {
            _tag: "HangUp",
            drain: true
          })
        } else if ("ended" in each) yield* Effect.forkScoped((yield* Fiber.join(calling)).leg.ended(each.ended))
        else assert.strictEqual((yield* visit.closed).code, each.close)
      }
      assert.deepStrictEqual(events, [{ kind: "agent.event", details: { name: "intent", data: { topic: "billing" } } }])
    })
  )
})
