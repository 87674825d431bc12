import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import { protocolSchema } from "../../../src/agents/websocket/jsonSchema.ts"
import { FirstFromAgent, FromAgent, ToAgent } from "../../../src/agents/websocket/messages.ts"
import { readFirst, readMessage } from "../../../src/agents/websocket/reading.ts"
import { committedSchema, wrongFromAgent, wrongFromSwitchboard } from "../support/committedSchema.ts"
import { root } from "../../support/imports.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const guide = readFileSync(join(root, "docs/agent-protocol.md"), "utf8")

/** Every JSON block of the guide. */
const examples = Array.from(guide.matchAll(/^```json\n([^`]*)^```/gm), ([, text = ""]) => text)
  .flatMap((block) => block.trim().split(/\n(?=\{)/))
  .map((text): unknown => JSON.parse(text))

const Anything = Schema.Union([ToAgent, FirstFromAgent, FromAgent])
const decodeAnything = Schema.decodeUnknownResult(Anything)
const typesOf = (members: ReadonlyArray<{ readonly fields: { readonly type: { readonly literal: string } } }>) =>
  members.map(({ fields }) => fields.type.literal)

describe("the agent protocol", () => {
  it("is described by the JSON Schema that is committed (node scripts/agent-protocol-schema.ts writes it)", () => {
    assert.deepStrictEqual(committedSchema, JSON.parse(JSON.stringify(protocolSchema())))
  })

  it("is shown by examples in its guide, each of them true, every message among them", () => {
    assert.isAbove(examples.length, 10)
    for (const example of examples) {
      assert.isTrue(Result.isSuccess(decodeAnything(example)), JSON.stringify(example))
      const wrong = [wrongFromSwitchboard(example), wrongFromAgent(example)]
      assert.isTrue(wrong.includes(undefined), `${JSON.stringify(example)}: ${wrong.join("; ")}`)
    }
    const shown = new Set(examples.map((example) => Reflect.get(Object(example), "type")))
    for (const type of [
      ...typesOf(ToAgent.members),
      ...typesOf(FirstFromAgent.members),
      ...typesOf(FromAgent.members)
    ]) {
      assert.isTrue(shown.has(type), type)
    }
  })

  it.prop("reads every message that the schema allows", [FromAgent], ([message]) => {
    const plain: unknown = JSON.parse(JSON.stringify(message))
    assert.deepStrictEqual<unknown>(readMessage(bytes(JSON.stringify(message))), { _tag: "Message", message: plain })
    assert.isUndefined(wrongFromAgent(plain))
  })

  it.prop(
    "says in its JSON Schema of every message whether it can be read",
    [FromAgent, FirstFromAgent],
    (messages) => {
      for (const message of messages) {
        for (const broken of [
          { ...message, name: 7, digits: "x", destination: "", now: "later", reason: 1, audio: { encoding: "opus" } },
          { ...message, audio: { encoding: "alaw", sample_rate: 16000 }, agent: { name: "" } },
          { ...message }
        ]) {
          const text = bytes(JSON.stringify(broken))
          const readable = readMessage(text)._tag === "Message" || readFirst(text)._tag === "Message"
          assert.strictEqual(wrongFromAgent(JSON.parse(JSON.stringify(broken))) === undefined, readable)
        }
      }
    }
  )

  it("grows: unknown types and fields are ignored", () => {
    assert.deepStrictEqual(readMessage(bytes('{"type":"dance"}')), { _tag: "Ignored" })
    assert.deepStrictEqual(readMessage(bytes('{"type":"constructor"}')), { _tag: "Ignored" })
    assert.deepStrictEqual(readMessage(bytes('{"type":"clear","soon":true}')), {
      _tag: "Message",
      message: { type: "clear" }
    })
    assert.deepStrictEqual(readFirst(bytes('{"type":"clear"}')), { _tag: "Ignored" })
  })

  it("survives any bytes and any JSON", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        assert.include(["Unreadable", "Ignored", "Message"], readMessage(data)._tag)
      })
    )
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.include(["Unreadable", "Ignored"], readFirst(bytes(text))._tag)
      })
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...typesOf(FromAgent.members)),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (type, rest) => {
          assert.include(["Unreadable", "Message"], readMessage(bytes(JSON.stringify({ ...rest, type })))._tag)
        }
      )
    )
  })

  it("does not read more than 64 KiB", () => {
    const padded = (length: number) => bytes(`{"type":"clear","x":"${"x".repeat(length)}"}`)
    assert.strictEqual(readMessage(padded(64 * 1024 - 23))._tag, "Message")
    assert.strictEqual(readMessage(padded(64 * 1024))._tag, "TooLarge")
  })
})
