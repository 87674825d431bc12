import { Effect, Option, Schema } from "effect"
import { AddressType } from "../carrier/addresses.ts"
import { reader, Timestamp } from "./rows.ts"

/** What is set at the carrier while nobody knows: a change was begun and its outcome never arrived. */
export const UNKNOWN = "unknown"

/**
 * How far a number's inbound webhook at the carrier is what we want. `desired` is the webhook's URL or null for none;
 * `observed` what we last set there, null for nothing of ours, `"unknown"` when a change's outcome is not known.
 * `attempts` count since `desired` changed.
 */
export const SyncState = Schema.Struct({
  desired: Schema.NullOr(Schema.String),
  observed: Schema.NullOr(Schema.String),
  last_error: Schema.NullOr(Schema.String),
  attempts: Schema.Int
})
export type SyncState = typeof SyncState.Type

/** Nothing wanted, nothing set. */
export const untouched: SyncState = { desired: null, observed: null, last_error: null, attempts: 0 }

/** The state of a number whose wish may have changed. */
export const withWish = (state: SyncState, desired: string | null): SyncState =>
  state.desired === desired ? state : { ...state, desired, last_error: null, attempts: 0 }

const Row = Schema.Struct({
  id: Schema.String,
  organization_id: Schema.String,
  telephony_configuration_id: Schema.String,
  provider: Schema.String,
  address: Schema.String,
  address_normalized: Schema.String,
  address_type: AddressType,
  country_code: Schema.NullOr(Schema.String),
  label: Schema.NullOr(Schema.String),
  agent_id: Schema.NullOr(Schema.String),
  is_active: Schema.Boolean,
  is_default_caller_id: Schema.Boolean,
  sync_state: Schema.Json,
  version: Schema.Int,
  created_at: Timestamp,
  updated_at: Timestamp
})

/** A row of `telephony_phone_numbers`. */
export type PhoneNumber = Omit<typeof Row.Type, "sync_state"> & { readonly sync_state: SyncState }

const decodeState = Schema.decodeUnknownOption(SyncState)
const readRows = reader(Row)

/** Rows of the table; the state of a number that was never synced is filled in. */
export const readNumbers = (rows: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<PhoneNumber>> =>
  Effect.map(readRows(rows), (numbers) =>
    numbers.map((row) => ({ ...row, sync_state: Option.getOrElse(decodeState(row.sync_state), () => untouched) }))
  )
