import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { protocolAsyncApi } from "../../../src/agents/websocket/asyncApi.ts"
import { FirstFromAgent, FromAgent, ToAgent } from "../../../src/agents/websocket/messages.ts"
import { committedAsyncApi } from "../support/committedSchema.ts"

// What the AsyncAPI specification 3.0.0 demands of a document, as far as this one uses it.

const Reference = Schema.Struct({ $ref: Schema.String })
const Key = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9._-]+$/))
const Keyed = <S extends Schema.Constraint>(value: S) => Schema.Record(Key, value)

const Operation = Schema.Struct({
  action: Schema.Literals(["send", "receive"]),
  channel: Reference,
  summary: Schema.String,
  messages: Schema.Array(Reference),
  reply: Schema.optionalKey(Schema.Struct({ channel: Reference, messages: Schema.Array(Reference) }))
})
type Operation = typeof Operation.Type

const AsyncApi = Schema.Struct({
  asyncapi: Schema.Literal("3.0.0"),
  info: Schema.Struct({
    title: Schema.NonEmptyString,
    version: Schema.String.check(Schema.isPattern(/^\d+\.\d+\.\d+$/)),
    description: Schema.String,
    license: Schema.Struct({ name: Schema.NonEmptyString })
  }),
  defaultContentType: Schema.Literal("application/json"),
  servers: Keyed(
    Schema.Struct({
      host: Schema.NonEmptyString,
      protocol: Schema.NonEmptyString,
      description: Schema.String,
      security: Schema.Array(Reference)
    })
  ),
  channels: Keyed(
    Schema.Struct({
      address: Schema.String,
      title: Schema.String,
      description: Schema.String,
      servers: Schema.Array(Reference),
      messages: Keyed(Reference),
      bindings: Schema.Struct({
        ws: Schema.Struct({
          method: Schema.Literals(["GET", "POST"]),
          headers: Schema.Struct({
            type: Schema.Literal("object"),
            properties: Keyed(Schema.Unknown),
            required: Schema.Array(Schema.String)
          }),
          bindingVersion: Schema.Literal("0.1.0")
        })
      })
    })
  ),
  operations: Keyed(Operation),
  components: Schema.Struct({
    securitySchemes: Keyed(
      Schema.Struct({ type: Schema.Literal("http"), scheme: Schema.Literal("bearer"), description: Schema.String })
    ),
    messages: Keyed(
      Schema.Struct({
        name: Schema.String,
        title: Schema.String,
        summary: Schema.NonEmptyString,
        contentType: Schema.optionalKey(Schema.String),
        payload: Schema.Unknown
      })
    ),
    schemas: Keyed(Schema.Record(Schema.String, Schema.Unknown))
  })
})
const read = Schema.decodeUnknownSync(AsyncApi, { onExcessProperty: "error" })

const references = (value: unknown): ReadonlyArray<string> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) =>
        key === "$ref" && typeof inner === "string" ? [inner] : references(inner)
      )
    : []

const at = (document: unknown, reference: string): unknown =>
  reference
    .replace("#/", "")
    .split("/")
    .reduce<unknown>((value, key) => Reflect.get(Object(value), key), document)

const typesOf = (members: ReadonlyArray<{ readonly fields: { readonly type: { readonly literal: string } } }>) =>
  members.map(({ fields }) => fields.type.literal).toSorted()

describe("the AsyncAPI document of the agent protocol", () => {
  const document = read(committedAsyncApi)
  const names = (
    operations: ReadonlyArray<Operation>,
    of: (operation: Operation) => ReadonlyArray<typeof Reference.Type>
  ) =>
    operations
      .flatMap(of)
      .map(({ $ref }) =>
        String(Reflect.get(Object(at(document, String(Reflect.get(Object(at(document, $ref)), "$ref")))), "name"))
      )
      .toSorted()

  it("is what is committed (node scripts/agent-protocol-schema.ts writes it)", () => {
    assert.deepStrictEqual(committedAsyncApi, JSON.parse(JSON.stringify(protocolAsyncApi())))
  })

  it("refers only to what it has, and an operation only to messages of its channel", () => {
    const all = references(committedAsyncApi)
    assert.isAbove(all.length, 30)
    for (const reference of all) {
      assert.match(reference, /^#\//)
      assert.isDefined(at(committedAsyncApi, reference), reference)
    }
    for (const { channel, messages, reply } of Object.values(document.operations)) {
      for (const { $ref } of [...messages, ...(reply?.messages ?? [])]) {
        assert.isTrue($ref.startsWith(`${channel.$ref}/messages/`), $ref)
      }
    }
    for (const { $ref } of Object.values(document.channels).flatMap(({ messages }) => Object.values(messages))) {
      assert.match($ref, /^#\/components\/messages\//)
    }
  })

  it("has every message of either side once, in the right direction, and audio in both", () => {
    const operations = Object.values(document.operations)
    const sent = operations.filter(({ action }) => action === "send")
    const received = operations.filter(({ action }) => action === "receive")
    assert.deepStrictEqual(
      names(sent, ({ messages }) => messages),
      [...typesOf(ToAgent.members), "audio"].toSorted()
    )
    assert.deepStrictEqual(
      names(received, ({ messages }) => messages),
      [...typesOf(FromAgent.members), "audio"].toSorted()
    )
    assert.deepStrictEqual(
      names(operations, ({ reply }) => reply?.messages ?? []),
      typesOf(FirstFromAgent.members)
    )
  })

  it("keeps a schema of every message that it has, and no other", () => {
    const used = new Set(references(document.components))
    for (const name of Object.keys(document.components.schemas)) {
      assert.isTrue(used.has(`#/components/schemas/${name}`), name)
    }
  })
})
