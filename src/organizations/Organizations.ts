import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { knownCountry } from "../carrier/addresses.ts"
import { type InvalidFields, invalidField, VersionConflict } from "./refusals.ts"
import { reader, Timestamp } from "./rows.ts"

const OrganizationRow = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  default_country: Schema.NullOr(Schema.String),
  max_concurrent_calls: Schema.Int,
  calls_per_second: Schema.Int,
  allowed_prefixes: Schema.Array(Schema.String),
  denied_prefixes: Schema.Array(Schema.String),
  premium_rate_allowed: Schema.Boolean,
  version: Schema.Int,
  created_at: Timestamp,
  updated_at: Timestamp
})

/** A tenant and its limits. */
export type Organization = typeof OrganizationRow.Type

/** Absent members stay as they are, null ones go back to their default. */
export interface OrganizationChange {
  readonly version: number
  readonly name?: string | undefined
  readonly default_country?: string | null | undefined
  readonly max_concurrent_calls?: number | null | undefined
  readonly calls_per_second?: number | null | undefined
  readonly allowed_prefixes?: ReadonlyArray<string> | null | undefined
  readonly denied_prefixes?: ReadonlyArray<string> | null | undefined
  readonly premium_rate_allowed?: boolean | null | undefined
}

/** What a change makes of a member: kept, set, or back to its default. */
const value = <A>(sent: A | null | undefined, stored: A, standard: A) =>
  sent === undefined ? stored : (sent ?? standard)

const readOrganizations = reader(OrganizationRow)

/** Organizations, and the limits that hold for their calls. */
export class Organizations extends Context.Service<
  Organizations,
  {
    /** An organization that has a key exists; another one is a defect. */
    readonly get: (id: string) => Effect.Effect<Organization, SqlError>
    readonly change: (
      id: string,
      change: OrganizationChange
    ) => Effect.Effect<Organization, InvalidFields | VersionConflict | SqlError>
  }
>()("switchboard/Organizations") {
  static readonly layer = Layer.effect(
    Organizations,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient

      const get = Effect.fn("Organizations.get")(function* (id: string) {
        const [row] = yield* readOrganizations(yield* sql`SELECT * FROM organizations WHERE id = ${id}`)
        return row ?? (yield* Effect.die(new Error(`There is no organization ${id}.`)))
      })

      const change = Effect.fn("Organizations.change")(function* (
        id: string,
        { version, ...change }: OrganizationChange
      ) {
        const country =
          typeof change.default_country === "string" ? knownCountry(change.default_country) : change.default_country
        if (typeof change.default_country === "string" && country === undefined) {
          return yield* invalidField("default_country", "Send an ISO 3166-1 code of two letters, such as US.")
        }
        const kept = yield* get(id)
        if (kept.version !== version) return yield* new VersionConflict({ sent: version, current: kept.version })
        const chosen = { ...change, default_country: country }
        const [row] = yield* readOrganizations(
          yield* sql`UPDATE organizations SET
              name = ${chosen.name ?? kept.name},
              default_country = ${value<string | null>(chosen.default_country, kept.default_country, null)},
              max_concurrent_calls = ${value(chosen.max_concurrent_calls, kept.max_concurrent_calls, MAX_CONCURRENT_CALLS)},
              calls_per_second = ${value(chosen.calls_per_second, kept.calls_per_second, CALLS_PER_SECOND)},
              allowed_prefixes = ${value(chosen.allowed_prefixes, kept.allowed_prefixes, [])},
              denied_prefixes = ${value(chosen.denied_prefixes, kept.denied_prefixes, [])},
              premium_rate_allowed = ${value(chosen.premium_rate_allowed, kept.premium_rate_allowed, false)},
              version = version + 1, updated_at = now()
            WHERE id = ${id} AND version = ${version} RETURNING *`
        )
        if (row !== undefined) return row
        const now = yield* get(id)
        return yield* new VersionConflict({ sent: version, current: now.version })
      })

      return Organizations.of({ get, change })
    })
  )
}

/** The defaults of the table. */
const MAX_CONCURRENT_CALLS = 100
const CALLS_PER_SECOND = 10
