import { Schema } from "effect"
import { FirstFromAgent, FromAgent, ToAgent } from "./messages.ts"

const described = (schema: Schema.Constraint) => Schema.toJsonSchemaDocument(schema)

/** The protocol as one JSON Schema (draft 2020-12): what either side may send, and each message by its name. */
export const protocolSchema = () => {
  const ours = described(ToAgent)
  const theirs = described(
    Schema.Union([...FirstFromAgent.members, ...FromAgent.members]).annotate({ identifier: "FromAgent" })
  )
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Switchboard agent protocol, version 1",
    description:
      "A text message of either side. #/$defs/FromSwitchboard is what Switchboard sends, #/$defs/FromAgent what an agent sends. Audio travels in binary messages.",
    anyOf: [ours.schema, theirs.schema],
    $defs: { ...ours.definitions, ...theirs.definitions }
  }
}
