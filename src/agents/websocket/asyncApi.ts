import { Schema } from "effect"
import { protocolDefinitions } from "./jsonSchema.ts"
import { FirstFromAgent, FromAgent, revision, subprotocol, ToAgent, version } from "./messages.ts"

/** A message's name: the identifier of its schema. */
const nameOf = (schema: Schema.Constraint): string => {
  const { schema: reference } = Schema.toJsonSchemaDocument(schema)
  return String(reference["$ref"]).replace("#/$defs/", "")
}

const reference = (path: string) => ({ $ref: `#/${path}` })

/** The same JSON Schema with its references where AsyncAPI keeps schemas. */
const moved = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(moved)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "$ref" && typeof inner === "string" ? inner.replace("#/$defs/", "#/components/schemas/") : moved(inner)
    ])
  )
}

const descriptionOf = (schema: unknown): string =>
  typeof schema === "object" && schema !== null && "description" in schema ? String(schema.description) : ""

const typeOf = ({ fields }: { readonly fields: { readonly type: { readonly literal: string } } }) => fields.type.literal

const audio = {
  name: "audio",
  title: "Audio",
  contentType: "application/octet-stream",
  summary: "A binary message: mono audio in the agreed encoding and sample rate.",
  payload: { type: "string", format: "binary" }
}

/**
 * The protocol as an AsyncAPI 3.0 document, from Switchboard's side: what it sends to the agent and receives from it over the
 * one connection of a call. https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export const protocolAsyncApi = () => {
  const { definitions } = protocolDefinitions()
  const [starting, ...ours] = ToAgent.members
  const named = [...ToAgent.members, ...FirstFromAgent.members, ...FromAgent.members].map((member) => ({
    name: nameOf(member),
    type: typeOf(member)
  }))
  const inChannel = (names: ReadonlyArray<string>) => names.map((name) => reference(`channels/call/messages/${name}`))
  const messages = Object.fromEntries(
    named.map(({ name, type }) => [
      name,
      {
        name: type,
        title: type,
        summary: descriptionOf(definitions[name]),
        payload: reference(`components/schemas/${name}`)
      }
    ])
  )
  const schemas = Object.entries(definitions).filter(([name]) => name !== "FromSwitchboard" && name !== "FromAgent")
  const channel = reference("channels/call")
  return {
    asyncapi: "3.0.0",
    info: {
      title: `Switchboard agent protocol, version ${version}`,
      version: `${revision}.0`,
      description:
        "How Switchboard talks to a voice agent that is a WebSocket server: one connection per call, JSON in text messages, audio in binary ones. Operations are Switchboard's: it sends to the agent and receives from it. Unknown types and fields are ignored by both sides.",
      license: { name: "MIT" }
    },
    defaultContentType: "application/json",
    servers: {
      agent: {
        host: "agent.example.com",
        protocol: "wss",
        description: "Your agent: the address is its setting `url`. `ws` where the network between the two is yours.",
        security: [reference("components/securitySchemes/secret")]
      }
    },
    channels: {
      call: {
        address: "/",
        title: "A call",
        description:
          "The path and query of the agent's `url`. Switchboard connects once per call, and again when it is lost.",
        servers: [reference("servers/agent")],
        messages: Object.fromEntries(
          [...named.map(({ name }) => name), "Audio"].map((name) => [name, reference(`components/messages/${name}`)])
        ),
        bindings: {
          ws: {
            method: "GET",
            headers: {
              type: "object",
              properties: { "Sec-WebSocket-Protocol": { type: "string", const: subprotocol } },
              required: ["Sec-WebSocket-Protocol"]
            },
            bindingVersion: "0.1.0"
          }
        }
      }
    },
    operations: {
      start: {
        action: "send",
        channel,
        summary: "The first message; the agent answers within 5 s.",
        messages: inChannel([nameOf(starting)]),
        reply: { channel, messages: inChannel(FirstFromAgent.members.map(nameOf)) }
      },
      tell: {
        action: "send",
        channel,
        summary: "What the agent is told during the call.",
        messages: inChannel(ours.map(nameOf))
      },
      listen: {
        action: "receive",
        channel,
        summary: "What the agent asks for during the call.",
        messages: inChannel(FromAgent.members.map(nameOf))
      },
      sendAudio: {
        action: "send",
        channel,
        summary: "What the caller says, as it comes.",
        messages: inChannel(["Audio"])
      },
      receiveAudio: {
        action: "receive",
        channel,
        summary: "What the agent says, as fast as it makes it.",
        messages: inChannel(["Audio"])
      }
    },
    components: {
      securitySchemes: {
        secret: { type: "http", scheme: "bearer", description: "The agent's secret, in the header of the upgrade." }
      },
      messages: { ...messages, Audio: audio },
      schemas: Object.fromEntries(schemas.map(([name, schema]) => [name, moved(schema)]))
    }
  }
}
