import { Schema } from "effect"
import { reader, Timestamp } from "./rows.ts"

/** A row of `agents`, secrets among its settings sealed. */
export const AgentRow = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  name: Schema.String,
  kind: Schema.String,
  settings: Schema.Record(Schema.String, Schema.Json),
  version: Schema.Int,
  created_at: Timestamp,
  updated_at: Timestamp
})
export type AgentRow = typeof AgentRow.Type

export const readAgents = reader(AgentRow)
