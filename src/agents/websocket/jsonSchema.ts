import { Schema } from "effect"
import { FirstFromAgent, FromAgent, ToAgent, version } from "./messages.ts"

const described = (schema: Schema.Constraint) => Schema.toJsonSchemaDocument(schema)

/** Every schema of the protocol by its name, and where those of a whole side are. References begin with `#/$defs/`. */
export const protocolDefinitions = () => {
  const ours = described(ToAgent)
  const theirs = described(
    Schema.Union([...FirstFromAgent.members, ...FromAgent.members]).annotate({ identifier: "FromAgent" })
  )
  return { definitions: { ...ours.definitions, ...theirs.definitions }, sides: [ours.schema, theirs.schema] }
}

/** The protocol as one JSON Schema (draft 2020-12): what either side may send, and each message by its name. */
export const protocolSchema = () => {
  const { definitions, sides } = protocolDefinitions()
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `Switchboard agent protocol, version ${version}`,
    description:
      "A text message of either side. #/$defs/FromSwitchboard is what Switchboard sends, #/$defs/FromAgent what an agent sends. Audio travels in binary messages.",
    anyOf: sides,
    $defs: definitions
  }
}
