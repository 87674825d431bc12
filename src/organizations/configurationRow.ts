import { Schema } from "effect"
import { reader, Timestamp } from "./rows.ts"

/** A row of `telephony_configurations`, credentials sealed. */
export const ConfigurationRow = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  name: Schema.String,
  provider: Schema.String,
  account_id: Schema.String,
  credentials: Schema.Record(Schema.String, Schema.Json),
  is_default_outbound: Schema.Boolean,
  /** Where the fake carrier of a simulated configuration is, or was; null for all others. */
  simulator_url: Schema.NullOr(Schema.String),
  inactive_since: Schema.NullOr(Timestamp),
  inactive_reason: Schema.NullOr(Schema.String),
  version: Schema.Int,
  numbers_version: Schema.Int,
  created_at: Timestamp,
  updated_at: Timestamp,
  deleted_at: Schema.NullOr(Timestamp)
})
export type ConfigurationRow = typeof ConfigurationRow.Type

export const readConfigurations = reader(ConfigurationRow)

/** Why a configuration is inactive, or undefined when it is not. */
export const inactiveReason = (row: Pick<ConfigurationRow, "inactive_since" | "inactive_reason">) =>
  row.inactive_since === null ? undefined : (row.inactive_reason ?? "It was switched off.")

/** The account under which a configuration's numbers are unique: without an account concept, the configuration itself. */
export const numberAccount = (row: { readonly id: string; readonly account_id: string }) =>
  row.account_id === "" ? row.id : row.account_id
